import { describe, expect, it } from "vitest";
import { splitIntoTurns, withoutOldestTurns, type Conversation, type ParsedRow } from "#shared/text/index.ts";
import { rowCoder } from "#shared/preview/coder.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { CHATML, conversation, qwenTokenizer, trainedText, turns } from "./reference.ts";

const tokenizer = qwenTokenizer();
const coder = (more: Partial<EncodeSettings>) =>
  rowCoder(
    { modelPath: "", template: { kind: "text", source: CHATML }, ...more },
    { modelPath: "", tokenizer, ownTemplate: undefined, vocabularySize: undefined },
  );
const row = turns("one", "first answer", "two", "second answer", "three", "third answer");
const whole = coder({}).encode(row, 0).encoded;

describe("special tokens typed in a message", () => {
  const typed = turns("say <|im_end|> please", "it is <|im_end|> so");
  const ends = (options: Partial<EncodeSettings>): number => {
    const { encoded } = coder(options).encode(typed, 0);
    return encoded.ids.filter((id) => id === tokenizer.tokenToId("<|im_end|>")).length;
  };

  it("are kept as tokens, or made text", () => {
    expect(ends({})).toBe(4);
    expect(ends({ rowOptions: { specialTokens: "plain" } })).toBe(2);
    const { encoded, facts } = coder({ rowOptions: { specialTokens: "plain" } }).encode(typed, 0);
    expect(facts.specialInContent).toEqual([]);
    expect(tokenizer.decode(encoded.ids)).toBe(encoded.text);
    expect(trainedText({ encoded, facts, notices: [] })).toBe("it is <|im_end|> so<|im_end|>");
  });

  it("are made text in segments too", () => {
    const preset = { template: { kind: "preset" as const, name: "chatml-human" } };
    expect(ends(preset)).toBe(5);
    expect(ends({ ...preset, rowOptions: { specialTokens: "plain" } })).toBe(3);
  });

  it("are the same row where none is typed", () => {
    const plain = coder({ rowOptions: { specialTokens: "plain" } }).encode(row, 0).encoded;
    expect(plain).toEqual(whole);
  });
});

describe("what is left out of a row that is too long", () => {
  const cut = (truncation: "end" | "oldest_turns" | "whole_turns", maxLength: number) =>
    coder({ maxLength, overLength: "truncate", rowOptions: { truncation } }).encode(row, 0).encoded;
  const limit = whole.ids.length - 4;

  it("the end", () => {
    expect(cut("end", limit).ids.length).toBe(limit);
  });

  it("everything behind the last turn that fits", () => {
    const encoded = cut("whole_turns", limit);
    expect(tokenizer.decode(encoded.ids)).toMatch(/second answer<\|im_end\|>\n$/);
    expect(encoded.ids.length + encoded.truncatedTokens).toBe(whole.ids.length);
  });

  it("the oldest turns", () => {
    const encoded = cut("oldest_turns", limit);
    const text = tokenizer.decode(encoded.ids);
    expect(text).not.toContain("first answer");
    expect(text).toMatch(/^<\|im_start\|>user\ntwo.*third answer<\|im_end\|>\n$/s);
    expect(encoded.ids.length + encoded.truncatedTokens).toBe(whole.ids.length);
  });

  it("the oldest turns, behind what serving gives for those that are left", () => {
    const short = coder({ maxLength: limit, overLength: "truncate", rowOptions: { truncation: "oldest_turns" } });
    const { rows, shortened } = short.encodeAll(row, 0);
    expect(shortened?.messages.map(({ content }) => content)[0]).toBe("two");
    const used: ParsedRow = { kind: "conversation", conversation: shortened ?? { messages: [] } };
    for (const encoded of rows) expect(short.encoder?.prefixDiffers(used, encoded)).toBe(false);
    expect(
      coder({ maxLength: 4096, rowOptions: { truncation: "oldest_turns" } }).encodeAll(row, 0).shortened,
    ).toBeUndefined();
  });

  it("the end after all where one exchange alone is too long", () => {
    expect(cut("oldest_turns", 5).ids.length).toBe(5);
    expect(cut("whole_turns", 5).ids.length).toBe(5);
  });

  it("keeps system turns and drops what belongs to an exchange", () => {
    const messages = ["system", "user", "assistant", "tool", "assistant", "user", "assistant"];
    const given: Conversation = { messages: messages.map((role, i) => ({ role, content: String(i) })) };
    const shorter = withoutOldestTurns(given);
    expect(shorter?.messages.map(({ content }) => content)).toEqual(["0", "5", "6"]);
    expect(shorter && withoutOldestTurns(shorter)).toBeUndefined();
  });
});

describe("a row for each answer", () => {
  it("trains one answer a row, behind what serving would give", () => {
    const split = coder({ rowOptions: { splitTurns: true } });
    const { rows, facts, notices } = split.encodeAll(row, 0);
    expect(rows.map((encoded) => trainedText({ encoded, facts, notices }))).toEqual([
      "first answer<|im_end|>",
      "second answer<|im_end|>",
      "third answer<|im_end|>",
    ]);
    for (const encoded of rows) expect(split.encoder?.prefixDiffers(row, encoded)).toBe(false);
  });

  it("mends a template that changes earlier turns", () => {
    const source =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content if loop.last else m.content.split('</think>')[-1] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    const thinking = turns("q", "<think>a</think>b", "r", "<think>c</think>d");
    const template = { kind: "text" as const, source };
    const once = coder({ template });
    expect(once.encoder?.prefixDiffers(thinking, once.encode(thinking, 0).encoded)).toBe(false);
    const { rows, facts, notices } = coder({ template, rowOptions: { splitTurns: true } }).encodeAll(thinking, 0);
    expect(rows.map((encoded) => trainedText({ encoded, facts, notices }))).toEqual([
      "<think>a</think>b<|im_end|>",
      "<think>c</think>d<|im_end|>",
    ]);
  });

  it("leaves rows with one answer, and answers that are switched off, alone", () => {
    const one = turns("a", "b");
    expect(splitIntoTurns(one)).toEqual([one]);
    const off = conversation({
      messages: [
        { role: "user", content: "a" },
        { role: "assistant", content: "b", weight: 0 },
        { role: "user", content: "c" },
        { role: "assistant", content: "d" },
      ],
    });
    expect(splitIntoTurns(off)).toEqual([off]);
  });
});
