import { describe, expect, it } from "vitest";
import { type AddedToken, AddedTokenSplitter } from "#shared/text/tokenizer/addedTokens.ts";
import { Bpe } from "#shared/text/tokenizer/bpe.ts";
import { MergeTable } from "#shared/text/tokenizer/mergeTable.ts";
import { type LibraryNormalizer, normalizeWithSpans } from "#shared/text/tokenizer/normalize.ts";
import { type LibraryPretokenizer, planPretokenizer } from "#shared/text/tokenizer/pretokenize.ts";
import { BYTE_TO_CHARACTER, pushUtf8 } from "#shared/text/tokenizer/utf8.ts";
import { qwenTokenizer } from "./reference.ts";

const token = (content: string, extra: Partial<AddedToken> = {}): [string, AddedToken] => [
  content,
  {
    id: content.length,
    content,
    special: true,
    normalized: false,
    lstrip: false,
    rstrip: false,
    singleWord: false,
    ...extra,
  },
];

describe("added tokens", () => {
  const cut = (tokens: [string, AddedToken][], text: string): string[] =>
    new AddedTokenSplitter(new Map(tokens))
      .split(text)
      .map((s) => (s.token ? `<${text.slice(s.start, s.end)}>` : text.slice(s.start, s.end)));
  it("are found leftmost, the longest first", () => {
    expect(cut([token("ab"), token("abc"), token("c")], "xabcabcc")).toEqual(["x", "<abc>", "<abc>", "<c>"]);
    expect(cut([token("[.]")], "a[.]b")).toEqual(["a", "<[.]>", "b"]);
    expect(cut([], "abc")).toEqual(["abc"]);
  });
  it("take white space with them where they say so", () => {
    expect(cut([token("X", { rstrip: true })], "a X  b")).toEqual(["a ", "<X  >", "b"]);
    expect(cut([token("X", { lstrip: true })], "a  X b")).toEqual(["a", "<  X>", " b"]);
  });
  it("stand alone where they must", () => {
    expect(cut([token("cat", { singleWord: true })], "cat concat cat")).toEqual(["<cat>", " concat ", "<cat>"]);
  });
});

describe("byte-pair encoding", () => {
  const vocab = new Map(["a", "b", "c", "ab", "bc", "abc", "?"].map((t, id) => [t, id]));
  const base = { vocab, byteLevel: false, byteFallback: false, ignoreMerges: false, unknownId: 6, fuseUnknown: false };
  const spell = (bpe: Bpe, text: string): string[] => bpe.encode(text).ids.map((id) => [...vocab.keys()][id] ?? "");
  it("merges the lowest rank first, the leftmost among equals", () => {
    expect(
      spell(
        new Bpe({
          ...base,
          merges: [
            ["b", "c"],
            ["a", "b"],
          ],
        }),
        "abc",
      ),
    ).toEqual(["a", "bc"]);
    expect(
      spell(
        new Bpe({
          ...base,
          merges: [
            ["a", "b"],
            ["b", "c"],
            ["ab", "c"],
          ],
        }),
        "abcab",
      ),
    ).toEqual(["abc", "ab"]);
  });
  it("gives unknown characters the unknown token, fused where asked", () => {
    const merges = [["a", "b"]] as const;
    expect(spell(new Bpe({ ...base, merges }), "axyb")).toEqual(["a", "?", "?", "b"]);
    const fused = new Bpe({ ...base, merges, fuseUnknown: true }).encode("axyb");
    expect([fused.starts, fused.ends, fused.hasUnknown]).toEqual([[0, 1, 3], [1, 3, 4], true]);
  });
  it("takes a whole piece from the vocabulary where merges are ignored", () => {
    expect(spell(new Bpe({ ...base, merges: [], ignoreMerges: true }), "abc")).toEqual(["abc"]);
  });
  it("agrees with itself on long pieces, which are not remembered", () => {
    const bpe = new Bpe({
      ...base,
      merges: [
        ["a", "b"],
        ["ab", "c"],
      ],
    });
    expect(spell(bpe, "abc".repeat(400))).toEqual(Array<string>(400).fill("abc"));
  });
});

it("the merge table finds every pair and no other", () => {
  const table = new MergeTable(1000);
  for (let i = 0; i < 1000; i++) table.add(i % 37, (i * i) % 101, { rank: i, merged: i + 1 });
  const first = new Map<string, number>();
  for (let i = 0; i < 1000; i++)
    if (!first.has(`${i % 37},${(i * i) % 101}`)) first.set(`${i % 37},${(i * i) % 101}`, i);
  for (let left = 0; left < 40; left++) {
    for (let right = 0; right < 104; right++) {
      const slot = table.slot(left, right);
      expect(slot < 0 ? undefined : table.rankAt(slot)).toBe(first.get(`${left},${right}`));
    }
  }
});

describe("normalizers", () => {
  const normalizer = (
    type: string,
    normalize: (text: string) => string,
    extra: Partial<LibraryNormalizer> = {},
  ): LibraryNormalizer => ({
    config: { type },
    normalize,
    ...extra,
  });
  const nfc = normalizer("NFC", (text) => text.normalize("NFC"));
  it("leave text without spans where nothing changes", () => {
    expect(normalizeWithSpans(nfc, "plain é")).toEqual({ text: "plain é", spans: undefined });
  });
  it("put a composed letter on all that it was made of", () => {
    const { text, spans } = normalizeWithSpans(nfc, "ae\u0301b");
    expect(text).toBe("aéb");
    expect(spans).toEqual({ starts: [0, 1, 3], ends: [1, 3, 4] });
  });
  it("follow a sequence of steps", () => {
    const steps = [
      normalizer("Prepend", (text) => `▁${text}`),
      normalizer("Replace", (text) => text.replaceAll(" ", "▁"), {
        pattern: / /gu,
        config: { type: "Replace", content: "▁" },
      }),
    ];
    const sequence = normalizer("Sequence", (text) => steps.reduce((t, step) => step.normalize(t), text), {
      normalizers: steps,
    });
    const { text, spans } = normalizeWithSpans(sequence, "a b");
    expect(text).toBe("▁a▁b");
    expect(spans).toEqual({ starts: [0, 0, 1, 2], ends: [1, 1, 2, 3] });
  });
  it("refuse what they cannot follow", () => {
    const reversing = normalizer("Odd", (text) => (text.length > 1 ? [...text].reverse().join("") : text));
    expect(() => normalizeWithSpans(reversing, "abc")).toThrow(/cannot be followed/);
  });
});

describe("pre-tokenizers", () => {
  const library = (extra: Partial<LibraryPretokenizer> = {}): LibraryPretokenizer => ({
    pre_tokenize_text: (text) => [text],
    ...extra,
  });
  const pieces = (config: unknown, lib: LibraryPretokenizer, text: string): readonly string[] =>
    planPretokenizer(config, lib).run(text, 0).pieces;
  it("cut at matches, keep matches apart, or give them to a neighbour", () => {
    const lib = library({ pattern: / /gu });
    expect(pieces({ type: "Split", behavior: "Isolated" }, lib, "a b")).toEqual(["a", " ", "b"]);
    expect(pieces({ type: "Split", behavior: "MergedWithPrevious" }, lib, "a b")).toEqual(["a ", "b"]);
    expect(pieces({ type: "Split", behavior: "MergedWithNext" }, lib, "a b")).toEqual(["a", " b"]);
    expect(() => pieces({ type: "Split", behavior: "Contiguous" }, lib, "a b")).toThrow(/contiguous/);
    expect(pieces({ type: "Split", behavior: "Contiguous" }, lib, "ab")).toEqual(["ab"]);
  });
  it("of GPT-2 put a space before the text where they are told to", () => {
    const plan = planPretokenizer({ type: "ByteLevel", add_prefix_space: true }, library());
    expect(plan.byteLevel).toBe(true);
    expect(plan.run("one two", 0)).toEqual({ text: " one two", pieces: [" one", " two"], added: 1 });
    expect(plan.run(" one", 0).added).toBe(0);
  });
  it("that leave characters out say where their pieces stand", () => {
    const words = (config: unknown, text: string) =>
      planPretokenizer(config, library({ pattern: /,/gu })).run(text, 0).words;
    expect(words({ type: "BertPreTokenizer" }, " ab, c")).toEqual([
      { text: "ab", start: 1, added: 0 },
      { text: ",", start: 3, added: 0 },
      { text: "c", start: 5, added: 0 },
    ]);
    expect(words({ type: "Split", behavior: "Removed" }, ",a,,b")).toEqual([
      { text: "a", start: 1, added: 0 },
      { text: "b", start: 4, added: 0 },
    ]);
    const spaced = { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, { type: "Metaspace" }] };
    const both = library({ tokenizers: [library(), library()] });
    expect(planPretokenizer(spaced, both).run("a  bc", 0).words).toEqual([
      { text: "▁a", start: 0, added: 1 },
      { text: "▁bc", start: 3, added: 1 },
    ]);
  });
  it("cut at digits and signs as the reference does", () => {
    expect(pieces({ type: "Digits", individual_digits: true }, library(), "a12½")).toEqual(["a", "1", "2", "½"]);
    expect(pieces({ type: "Punctuation" }, library(), "a!?—b")).toEqual(["a", "!", "?", "—", "b"]);
    expect(pieces({ type: "Punctuation", behavior: "Contiguous" }, library(), "a!?b")).toEqual(["a", "!?", "b"]);
    expect(() => pieces({ type: "Punctuation", behavior: "Removed" }, library(), "a!")).toThrow(/removed/);
  });
});

it("UTF-8 is that of the platform", () => {
  for (const text of ["a", "é", "你", "😀", "\u07ff\u0800\uffff"]) {
    const bytes: number[] = [];
    for (const char of text) pushUtf8(bytes, char.codePointAt(0) ?? 0);
    expect(bytes).toEqual([...new TextEncoder().encode(text)]);
  }
  expect(new Set(BYTE_TO_CHARACTER).size).toBe(256);
  expect([BYTE_TO_CHARACTER[32], BYTE_TO_CHARACTER[10], BYTE_TO_CHARACTER[65]]).toEqual(["Ġ", "Ċ", "A"]);
});

describe("offsets", () => {
  it("of every token cover the text in order, without gaps", () => {
    const pool = ["a", " ", "\n", "你", "😀", "é", "<|im_end|>", "don't", "  ", "123", "\t", "한", "\u0301"];
    let seed = 42;
    const next = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648);
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: next() % 12 }, () => pool[next() % pool.length]).join("");
      const { starts, ends } = qwenTokenizer().encode(text);
      let covered = 0;
      starts.forEach((start, i) => {
        expect(start).toBeLessThanOrEqual(covered);
        covered = Math.max(covered, ends[i] ?? 0);
      });
      expect(covered).toBe(text.length);
    }
  });
});
