import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Tokenizer } from "#shared/text/index.ts";
import { MergeTable } from "#shared/text/tokenizer/mergeTable.ts";
import { PieceMerger } from "#shared/text/tokenizer/pieceMerger.ts";
import { benchRow } from "../../../bench/rows.ts";
import { repositoryRoot } from "../../shared.ts";

interface Merge {
  readonly left: number;
  readonly right: number;
  readonly merged: number;
}

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Merges of symbols that exist by then; two merges may make the same symbol. */
function someMerges(count: number, letters: number, next: (below: number) => number): Merge[] {
  const known = letters;
  return Array.from({ length: count }, (_, i) => {
    const symbols = known + i;
    return { left: next(symbols), right: next(Math.min(symbols, letters * 3)), merged: symbols };
  });
}

/** The definition: again and again the lowest rank, the leftmost of equals. */
function merged(symbols: readonly number[], merges: readonly Merge[]): { ids: number[]; starts: number[] } {
  const ids = [...symbols];
  const starts = ids.map((_, i) => i);
  const rank = (at: number): number => {
    const found = merges.findIndex(({ left, right }) => left === ids[at] && right === ids[at + 1]);
    return found < 0 ? Infinity : found;
  };
  for (;;) {
    const ranks = ids.slice(1).map((_, at) => rank(at));
    const best = Math.min(...ranks);
    if (best === Infinity) return { ids, starts };
    const at = ranks.indexOf(best);
    ids.splice(at, 2, merges[best]?.merged ?? -1);
    starts.splice(at + 1, 1);
  }
}

function byMerger(symbols: readonly number[], merges: readonly Merge[]): { ids: number[]; starts: number[] } {
  const table = new MergeTable(merges.length);
  merges.forEach(({ left, right, merged: id }, rank) => table.add(left, right, { rank, merged: id }));
  const merger = new PieceMerger(table);
  symbols.forEach((id, i) => merger.push(id, i, i + 1));
  merger.mergeAll();
  const [ids, starts] = [merger.ids, merger.starts].map((column) => Array.from(column.subarray(0, merger.length)));
  const ends = Array.from(merger.ends.subarray(0, merger.length));
  expect(ends).toEqual([...(starts ?? []).slice(1), symbols.length]);
  return { ids: ids ?? [], starts: starts ?? [] };
}

describe("merging a piece", () => {
  it("is what the definition says, over 400 random merge lists", () => {
    for (let seed = 1; seed <= 400; seed++) {
      const next = random(seed);
      const letters = 2 + next(4);
      const merges = someMerges(3 + next(40), letters, next);
      const symbols = Array.from({ length: 2 + next(70) }, () => next(letters));
      expect({ seed, ...byMerger(symbols, merges) }).toEqual({ seed, ...merged(symbols, merges) });
    }
  });

  it("is the same for long pieces, which keep a heap", () => {
    const next = random(7);
    const merges = someMerges(60, 3, next);
    const symbols = Array.from({ length: 2300 }, () => next(3));
    // a symbol that no merge names stands between the halves, so that they merge as they do alone
    const alone = byMerger(symbols.slice(0, 1500), merges);
    const other = byMerger(symbols.slice(1500), merges);
    const together = byMerger([...symbols.slice(0, 1500), 999, ...symbols.slice(1500)], merges);
    expect(together.ids).toEqual([...alone.ids, 999, ...other.ids]);
  });
});

describe("the sample's tokenizer", () => {
  it("gives the ids of @huggingface/tokenizers, over 150 texts in two languages", () => {
    const read = (name: string): object =>
      JSON.parse(readFileSync(join(repositoryRoot, "resources", "sample", "model", name), "utf8")) as object;
    const [files, config] = [read("tokenizer.json"), read("tokenizer_config.json")];
    const [ours, library] = [new Tokenizer(files, config), new LibraryTokenizer(files, config)];
    for (let i = 0; i < 150; i++) {
      const text = benchRow(i, 400);
      expect(ours.encode(text).ids).toEqual(Array.from(library.encode(text, { add_special_tokens: false }).ids));
    }
  });
});
