import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rowCoder } from "#shared/preview/coder.ts";
import {
  createEncoder,
  exampleOf,
  parseRowText,
  PRESET_NAMES,
  type ParsedRow,
  type RowEncoder,
} from "#shared/text/index.ts";
import { sharedPath } from "../../shared.ts";
import { qwenTokenizer } from "./reference.ts";

const tokenizer = qwenTokenizer();
const turns = (...contents: string[]): ParsedRow => ({
  kind: "conversation",
  conversation: { messages: contents.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content })) },
});
const frame = (opening: string): string =>
  `{% for m in messages %}{{ m.role }}:{{ '${opening}' if m.role == 'assistant' }}{{ m.content }}<|im_end|>\n{% endfor %}` +
  `{% if add_generation_prompt %}assistant:{{ '${opening}' }}{% endif %}`;
const encoderOf = (source: string): RowEncoder => createEncoder({ tokenizer, template: { kind: "jinja", source } });
const differs = (encoder: RowEncoder, row: ParsedRow): boolean =>
  encoder.prefixDiffers(row, encoder.encode(row, 0).encoded);

describe("the ids before an answer are compared with those of serving", () => {
  it("where the answer begins with a line end that joins the one before", () => {
    const encoder = encoderOf(frame("\\n"));
    expect(differs(encoder, turns("q", "a"))).toBe(false);
    expect(differs(encoder, turns("q", "\na"))).toBe(true);
    expect(differs(encoder, turns("q", "a", "r", "\na"))).toBe(true);
  });

  it("where a token ends at the border and the ids differ all the same", () => {
    // two spaces are one token at the end of a text, and two before a letter that takes one of them into its piece
    const encoder = encoderOf(frame("  "));
    const { encoded } = encoder.encode(turns("q", "你"), 0);
    const border = encoded.text.indexOf("你");
    expect(encoded.starts).toContain(border);
    expect(differs(encoder, turns("q", "你"))).toBe(true);
    expect(differs(encoder, turns("q", ", a"))).toBe(true);
  });

  it("with the row's own tools and variables, and says the first difference", () => {
    const source = frame("\\n").replace("{% for", "{{ tools | length if tools }}{{ mood }}{% for");
    const encoder = encoderOf(source);
    const { conversation } = turns("q", "\na") as Extract<ParsedRow, { kind: "conversation" }>;
    const row: ParsedRow = {
      kind: "conversation",
      conversation: { ...conversation, tools: [{}], variables: { mood: "calm " } },
    };
    const { encoded, facts } = encoder.encode(row, 0);
    expect(encoded.text).toMatch(/^1calm user/);
    expect(exampleOf("prefix-differs", { row: 0, parsed: row, encoded, facts, encoder })).toMatchObject({
      before: expect.stringMatching(/assistant$/) as string,
      marked: ":\n\na",
      instead: ":\n",
    });
  });
});

describe("a row for each answer stands behind exactly what serving gives", () => {
  const model = { modelPath: "", tokenizer, ownTemplate: undefined, vocabularySize: undefined };
  const split = (source: string) =>
    rowCoder({ modelPath: "", template: { kind: "text", source }, rowOptions: { splitTurns: true } }, model);

  it.each([
    ["a line end at the start of an answer", frame("\\n"), turns("q", "\na", "r", "\n\nb")],
    ["spaces before a letter", frame("  "), turns("q", "你", "r", "好")],
    ["one answer", frame("\\n"), turns("q", "\na")],
  ])("%s", (_, source, row) => {
    const coder = split(source);
    const { rows } = coder.encodeAll(row, 0);
    expect(differs(encoderOf(source), row)).toBe(true);
    for (const [i, encoded] of rows.entries()) {
      expect(coder.encoder?.prefixDiffers(row, encoded)).toBe(false);
      const prompt = coder.encoder?.promptBefore(row, 2 * i + 1);
      expect(Array.from(encoded.ids.slice(0, prompt?.ids.length))).toEqual(prompt?.ids);
      expect(tokenizer.decode(encoded.ids)).toBe(encoded.text);
      expect(encoded.ends.at(-1)).toBe(encoded.text.length);
    }
  });
});

/** The definition, without any short cut. */
function differsByDefinition(encoder: RowEncoder, row: ParsedRow): boolean {
  const { encoded, facts } = encoder.encode(row, 0);
  return facts.roles.some((role, message) => {
    const isTrained = encoded.messages.some((each, i) => each === message && encoded.labels[i] !== -100);
    const prompt = role === "assistant" && isTrained ? encoder.promptBefore(row, message) : undefined;
    return prompt !== undefined && prompt.ids.some((id, i) => encoded.ids[i] !== id);
  });
}

const templates = sharedPath("templates");
const data = sharedPath("datasets");

describe.skipIf(!templates || !data)("the short cut is the definition (needs ../shared)", () => {
  const named = ["qwen2_5", "qwen3", "llama3_1", "phi3_5", "gemma3"].map(
    (name) => [name, { kind: "jinja", source: readFileSync(join(templates ?? "", `${name}.jinja`), "utf8") }] as const,
  );
  const presets = PRESET_NAMES.map((name) => [name, { kind: "preset", name }] as const);
  const lines = readFileSync(join(data ?? "", "sharegpt_zh_1k.jsonl"), "utf8")
    .split("\n")
    .slice(0, 3);
  const contents = ["a", "\na", " a", "  你", "\n\n", "", "<think>\nx\n</think>\n\ny", "\u00a0z", "<|im_end|>b"];

  it.each([...named, ...presets])("%s", (_, template) => {
    let encoder: RowEncoder;
    try {
      encoder = createEncoder({ tokenizer, template });
    } catch {
      return; // the tokenizer lacks the preset's marks
    }
    const made = contents.flatMap((a) => contents.slice(0, 4).map((b) => turns("q", a, " r ", b)));
    const rows = [...made, ...lines.filter((line) => line.trim() !== "").map((line) => parseRowText(line))];
    for (const row of rows) {
      let answer: boolean;
      try {
        answer = differsByDefinition(encoder, row);
      } catch {
        continue;
      }
      expect(differs(encoder, row), JSON.stringify(row)).toBe(answer);
    }
  });
});
