import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  ChatTemplate,
  createEncoder,
  missingTokens,
  parseJson,
  parseRow,
  PRESET_NAMES,
  presetOf,
  Tokenizer,
} from "#shared/text/index.ts";
import { renderConversation } from "#shared/text/render.ts";
import { repositoryRoot } from "../../shared.ts";
import { qwenTokenizer, trainedText, turns } from "./reference.ts";

interface Case {
  readonly preset: string;
  readonly messages: readonly unknown[];
  readonly tools?: readonly unknown[];
  readonly variables: Readonly<Record<string, unknown>>;
  readonly add_generation_prompt: boolean;
  readonly bos_token: string;
  readonly eos_token: string;
  readonly text: string;
}
const cases = parseJson(
  readFileSync(join(repositoryRoot, "test", "oracles", "presets", "expected.json"), "utf8"),
) as readonly Case[];

describe("presets write what the reference writes (test/oracles/presets/make.py)", () => {
  const names = [...new Set(cases.map(({ preset }) => preset))];

  it("has a reference for every preset that is a template", () => {
    expect([...names, "chatml-human"].sort()).toEqual([...PRESET_NAMES].sort());
  });

  it.each(names)("%s", (name) => {
    const preset = presetOf(name);
    const template = new ChatTemplate(preset.twin(preset.defaultSystem));
    for (const each of cases.filter((one) => one.preset === name)) {
      const row = parseRow({ messages: each.messages, tools: each.tools, chat_template_kwargs: each.variables });
      if (row.kind !== "conversation") throw new Error("expected a conversation");
      const specialTokens = { bos_token: each.bos_token, eos_token: each.eos_token };
      const options = { addGenerationPrompt: each.add_generation_prompt };
      const { text } = renderConversation(row.conversation, { template, specialTokens }, options).text;
      expect(text, JSON.stringify(each.messages)).toBe(each.text);
    }
  });

  it.each(names)("%s refuses by name what it cannot write", (name) => {
    const template = new ChatTemplate(presetOf(name).twin(""));
    const odd = { messages: [{ role: "judge", content: "x" }] };
    const image = { messages: [{ role: "user", content: [{ type: "image", image: "x" }] }] };
    const write = (conversation: { messages: { role: string; content: unknown }[] }) => () =>
      renderConversation(conversation as never, { template, specialTokens: { bos_token: "<s>", eos_token: "</s>" } });
    if (name !== "chatml") expect(write(odd)).toThrow(/judge/);
    expect(write(image)).toThrow(/image/);
  });
});

/** A tokenizer that has the tokens of every preset: Qwen's vocabulary with more added tokens. */
function wideTokenizer(): Tokenizer {
  const folder = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(join(folder, name), "utf8")) as Record<string, unknown>;
  const file = read("tokenizer.json");
  const needs = PRESET_NAMES.flatMap((name) => presetOf(name).needs).filter((text) => !/_token$|^\n$/.test(text));
  const known = (file["added_tokens"] as { content: string; id: number }[]).slice();
  const first = Math.max(...known.map(({ id }) => id)) + 1;
  const fresh = [...new Set(["<s>", "</s>", ...needs])].filter(
    (text) => !known.some(({ content }) => content === text),
  );
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const added = [...known, ...fresh.map((content, i) => ({ id: first + i, content, ...flags }))];
  return new Tokenizer(
    { ...file, added_tokens: added },
    { ...read("tokenizer_config.json"), bos_token: "<s>", eos_token: "</s>" },
  );
}

describe("what presets train", () => {
  const tokenizer = wideTokenizer();
  it.each(PRESET_NAMES.filter((name) => name !== "chatml-human"))("%s: each answer with its end", (name) => {
    const preset = presetOf(name);
    const encoder = createEncoder({ tokenizer, template: { kind: "preset", name } });
    const result = encoder.encode(turns("first question", "first answer", "second question", "second answer"), 0);
    const end = preset.endOfTurn === "eos_token" ? "</s>" : preset.endOfTurn;
    const trained = trainedText(result);
    const answers = trained.split(end).map((text) => text.replace("|", "").trim());
    if (name === "qwen3") expect(answers).toEqual(["first answer", "<think>\n\n</think>\n\nsecond answer", ""]);
    else expect(answers).toEqual(["first answer", "second answer", ""]);
    expect(encoder.endOfTurn).toBe(tokenizer.tokenToId(end));
  });

  it("names the tokens that a tokenizer lacks, and what would work", () => {
    const qwen = qwenTokenizer();
    expect(missingTokens(presetOf("llama3"), qwen)).toContain("<|eot_id|>");
    expect(() => createEncoder({ tokenizer: qwen, template: { kind: "preset", name: "gemma" } })).toThrow(
      expect.objectContaining({ code: "preset-tokens", remedy: expect.stringContaining("chatml") as string }),
    );
  });
});
