import { describe, expect, it } from "vitest";
import { SiftError } from "#shared/errors.ts";
import { Tokenizer } from "#shared/text/index.ts";
import { sharedPath } from "../../shared.ts";
import { loadTokenizer, qwenTokenizer, readOracle } from "./reference.ts";

interface Expected {
  readonly text: string;
  readonly ids: readonly number[];
  readonly offsets: readonly (readonly [number, number])[];
}

describe("Qwen2.5's tokenizer", () => {
  const tokenizer = qwenTokenizer();
  it.each(readOracle<Expected[]>("tokenizer.json").map((row) => [row.text, row] as const))(
    "gives the reference's ids and offsets of %j",
    (text, row) => {
      const tokens = tokenizer.encode(text);
      expect(tokens.ids).toEqual(row.ids);
      // The reference counts code points.
      const codePoints = (offset: number): number => Array.from(text.slice(0, offset)).length;
      expect(tokens.ids.map((_, i) => [codePoints(tokens.starts[i] ?? 0), codePoints(tokens.ends[i] ?? 0)])).toEqual(
        row.offsets,
      );
    },
  );

  it("decodes what it encoded", () => {
    for (const { text } of readOracle<Expected[]>("tokenizer.json"))
      expect(tokenizer.decode(tokenizer.encode(text).ids)).toBe(text);
  });

  it("says when the tokens stand for another text", () => {
    expect(tokenizer.encode("é and 한").lossy).toBe(false);
    expect(tokenizer.encode("e\u0301").lossy).toBe(true);
    expect(tokenizer.encode("e\u0301").ids).toEqual(tokenizer.encode("é").ids);
  });

  it("knows special tokens", () => {
    expect(tokenizer.tokenToId("<|im_end|>")).toBe(151645);
    expect(tokenizer.idToToken(151645)).toBe("<|im_end|>");
    expect(tokenizer.isSpecial(151645)).toBe(true);
    expect(tokenizer.isSpecial(tokenizer.tokenToId("<tool_call>") ?? 0)).toBe(false);
    expect(tokenizer.files.specialTokens.eos_token).toBe("<|im_end|>");
    expect(tokenizer.files.addsBos).toBe(false);
  });

  it("refuses half a character", () => {
    expect(() => tokenizer.encode("x\ud83d")).toThrow(SiftError);
    expect(() => tokenizer.encode("\ude00x")).toThrow(/lone surrogate/);
  });
});

/** A tiny SentencePiece-like tokenizer: ▁ for spaces, bytes for what is not in the vocabulary. */
function tinyLlama(changes: Record<string, unknown> = {}): Tokenizer {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`);
  const tokens = ["<unk>", "<s>", "</s>", ...bytes, "▁", "a", "b", "c", "▁a", "bc", "▁abc"];
  const model = {
    type: "BPE",
    unk_token: "<unk>",
    fuse_unk: true,
    byte_fallback: true,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges: ["▁ a", "b c", "▁a bc"],
  };
  const added = ["<unk>", "<s>", "</s>"].map((content, id) => ({ id, content, special: true, normalized: false }));
  const normalizers = [
    { type: "Prepend", prepend: "▁" },
    { type: "Replace", pattern: { String: " " }, content: "▁" },
  ];
  const single = [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }];
  const json = {
    model,
    added_tokens: added,
    normalizer: { type: "Sequence", normalizers },
    post_processor: { type: "TemplateProcessing", single },
  };
  return new Tokenizer({ ...json, ...changes }, { bos_token: "<s>", eos_token: { content: "</s>" } });
}

describe("a SentencePiece-like tokenizer", () => {
  const tokenizer = tinyLlama();
  it("puts its first ▁ on the first character, and bytes on theirs", () => {
    const tokens = tokenizer.encode("abc é</s>a");
    const spelled = tokens.ids.map((id, i) => [tokenizer.idToToken(id), tokens.starts[i], tokens.ends[i]]);
    expect(spelled).toEqual([
      ["▁abc", 0, 3], ["▁", 3, 4], ["<0xC3>", 4, 5], ["<0xA9>", 4, 5], ["</s>", 5, 9], ["▁a", 9, 10],
    ]); // prettier-ignore
    expect(tokens.lossy).toBe(false);
  });
  it("reads that it would add a BOS, and special tokens given as objects", () => {
    expect(tokenizer.files.addsBos).toBe(true);
    expect(tokenizer.files.specialTokens).toEqual({ bos_token: "<s>", eos_token: "</s>" });
  });
  it("names what it cannot do", () => {
    expect(() => tinyLlama({ model: { type: "WordLevel", vocab: {} } })).toThrow(/WordLevel/);
    expect(() => tinyLlama({ model: { type: "Unigram", vocab: [["a"]] } })).toThrow(/token 0/);
    expect(() => tinyLlama({ pre_tokenizer: { type: "FixedLength", length: 2 } })).toThrow(/FixedLength/);
    expect(() => tinyLlama({ model: { type: "BPE", vocab: { a: 0 }, merges: ["a b"] } })).toThrow(/merge 0/);
    expect(() => new Tokenizer("no", {})).toThrow(SiftError);
  });
});

const models = ["TinyStories-656K", "stories260K-hf", "stories15M-hf"];
describe.skipIf(!sharedPath("models"))("the tokenizers of shared/models (skipped without ../shared)", () => {
  it.each(models)("%s opens and decodes English text", (name) => {
    const tokenizer = loadTokenizer(sharedPath("models", name) ?? "");
    const text =
      "Once upon a time, there was a little girl named Lily. She loved to play outside in the park with her dog.";
    const { ids, lossy } = tokenizer.encode(text);
    expect(lossy).toBe(false);
    expect(tokenizer.decode(ids)).toBe(text);
    const counts: Readonly<Record<string, number>> = { "TinyStories-656K": 15, "stories260K-hf": 35 };
    if (counts[name] !== undefined) expect(ids).toHaveLength(counts[name]);
  });
});
