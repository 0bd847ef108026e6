import { describe, expect, it } from "vitest";
import { Bpe } from "#shared/text/tokenizer/bpe.ts";
import { Joins } from "#shared/text/tokenizer/joins.ts";
import { BYTE_TO_CHARACTER } from "#shared/text/tokenizer/utf8.ts";

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Few characters, so that they meet often: ASCII, two, three and four bytes, some with bytes in common. */
const CHARACTERS = Array.from("ab éèю我们的一个丁。👩👧가각");
const textOf = (next: (below: number) => number, length: number): string =>
  Array.from({ length }, () => CHARACTERS[next(CHARACTERS.length)] ?? "").join("");

const spelled = (text: string, byteLevel: boolean): string[] =>
  byteLevel ? Array.from(Buffer.from(text), (byte) => BYTE_TO_CHARACTER[byte] ?? "") : Array.from(text);

/** Merges of neighbours of a text as they come, whole characters or not. */
function learn(symbols: string[], count: number, next: (below: number) => number): [string, string][] {
  const merges: [string, string][] = [];
  for (let i = 0; i < count && symbols.length > 1; i++) {
    const at = next(symbols.length - 1);
    const pair: [string, string] = [symbols[at] ?? "", symbols[at + 1] ?? ""];
    if (!merges.some(([left, right]) => left === pair[0] && right === pair[1])) merges.push(pair);
    symbols.splice(at, 2, pair.join(""));
  }
  return merges;
}

/** The definition: again and again the lowest rank, the leftmost of equals. */
function byDefinition(symbols: string[], merges: readonly [string, string][]): string[] {
  for (;;) {
    const rank = (at: number): number => merges.findIndex(([l, r]) => l === symbols[at] && r === symbols[at + 1]);
    const ranks = symbols.slice(1).map((_, at) => (rank(at) < 0 ? Infinity : rank(at)));
    const best = Math.min(...ranks);
    if (best === Infinity) return symbols;
    const at = ranks.indexOf(best);
    symbols.splice(at, 2, `${symbols[at] ?? ""}${symbols[at + 1] ?? ""}`);
  }
}

describe.each([true, false])("a piece cut where no token can cross (bytes: %s)", (byteLevel) => {
  it("has the tokens that it has uncut, over 300 random vocabularies", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed);
      const merges = learn(spelled(textOf(next, 60), byteLevel), 5 + next(40), next);
      const alphabet = byteLevel ? BYTE_TO_CHARACTER : CHARACTERS;
      const tokens = [...new Set([...alphabet, ...merges.map((pair) => pair.join(""))])];
      const config = { byteFallback: false, ignoreMerges: false, unknownId: undefined, fuseUnknown: false };
      const vocab = new Map(tokens.map((token, id) => [token, id]));
      const bpe = new Bpe({ ...config, vocab, merges, byteLevel });
      for (let i = 0; i < 8; i++) {
        const text = textOf(next, 2 + next(40));
        const ids = bpe.encode(text).ids.map((id) => tokens[id]);
        expect({ seed, text, ids }).toEqual({ seed, text, ids: byDefinition(spelled(text, byteLevel), merges) });
      }
    }
  });
});

it("tells which characters a vocabulary holds together, whole or in part", () => {
  const bytes = (...values: number[]): string => values.map((byte) => BYTE_TO_CHARACTER[byte] ?? "").join("");
  const code = (char: string): number => char.codePointAt(0) ?? 0;
  const [ours, ends] = [spelled("我们", true).join(""), bytes(0x91, 0xe4)];
  const joins = new Joins([ours, ends, `${spelled("é", true).join("")}${bytes(0xf0)}`], true);
  expect(joins.mayJoin(code("我"), code("们"))).toBe(true);
  expect(joins.mayJoin(code("们"), code("我"))).toBe(false);
  expect(joins.mayJoin(code("我"), code("的"))).toBe(false);
  expect(joins.mayJoin(code("我"), code("一")), "the last byte of one and the first of the other").toBe(true);
  expect(joins.mayJoin(code("é"), code("👩")), "a character and the first byte of the next").toBe(true);
});
