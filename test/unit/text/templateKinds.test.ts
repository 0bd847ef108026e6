import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ChatTemplate, createEncoder, IGNORE, parseJson, parseRowText, Tokenizer } from "#shared/text/index.ts";
import { renderConversation } from "#shared/text/render.ts";
import { repositoryRoot } from "../../shared.ts";

const folder = join(repositoryRoot, "test", "oracles", "templates");
const lines = (name: string): string[] =>
  gunzipSync(readFileSync(join(folder, name)))
    .toString("utf8")
    .trim()
    .split("\n");

interface Case {
  readonly row: number;
  readonly kind: string;
  readonly ask: boolean;
  readonly text: string | { readonly error: string };
  readonly ids?: readonly number[];
  readonly mask?: readonly number[];
  readonly error?: string;
}
interface Kinds {
  readonly kinds: Readonly<Record<string, string>>;
  /** Ids of the marks that the script adds to the tokenizer. */
  readonly marks: Readonly<Record<string, number>>;
  readonly now: number;
}
const { kinds, marks, now } = JSON.parse(readFileSync(join(folder, "kinds.json"), "utf8")) as Kinds;
const rows = lines("conversations.jsonl.gz");
const expected = lines("expected.jsonl.gz").map((line) => parseJson(line) as Case);
const specialTokens = { bos_token: "<s>", eos_token: "</s>", pad_token: "<|endoftext|>" };
const clock = (): number => now;

const conversationOf = (row: number) => {
  const parsed = parseRowText(rows[row] ?? "");
  if (parsed.kind !== "conversation") throw new Error("expected a conversation");
  return parsed.conversation;
};
const namesOfKinds = Object.keys(kinds);

describe(`${rows.length} generated conversations under ${namesOfKinds.length} kinds of templates, as Python renders them`, () => {
  it.each(namesOfKinds)("%s", (kind) => {
    const template = new ChatTemplate(kinds[kind] ?? "");
    for (const { row, ask, text } of expected.filter((each) => each.kind === kind)) {
      const options = { addGenerationPrompt: ask };
      const context = { template, specialTokens, now: clock };
      const render = (tracking: boolean) =>
        renderConversation(conversationOf(row), context, { ...options, tracking }).text.text;
      if (typeof text === "string") expect(render(true), `row ${row}`).toBe(text);
      else expect(() => render(true), `row ${row}`).toThrow();
      if (typeof text === "string") expect(render(false), `row ${row} without authors`).toBe(text);
    }
  });
});

/** Qwen's tokenizer with the marks of all kinds added, as the script adds them. */
function markedTokenizer(): Tokenizer {
  const models = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(join(models, name), "utf8")) as Record<string, unknown>;
  const file = read("tokenizer.json");
  const known = file["added_tokens"] as { readonly id: number; readonly content: string }[];
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const added = [...known, ...Object.entries(marks).map(([content, id]) => ({ id, content, ...flags }))];
  const { bos_token, eos_token } = specialTokens;
  return new Tokenizer({ ...file, added_tokens: added }, { ...read("tokenizer_config.json"), bos_token, eos_token });
}

describe("ids and the assistant mask of transformers", () => {
  const tokenizer = markedTokenizer();
  const masked = expected.filter((each) => each.ids !== undefined);

  it.each(namesOfKinds)("%s, with its tags", (kind) => {
    const encoder = createEncoder({ tokenizer, template: { kind: "jinja", source: kinds[kind] ?? "" }, now: clock });
    for (const { row, ids = [], mask = [] } of masked.filter((each) => each.kind === kind)) {
      const { encoded } = encoder.encode(parseRowText(rows[row] ?? ""), row);
      expect(Array.from(encoded.ids), `row ${row}`).toEqual(ids);
      expect(Array.from(encoded.labels), `row ${row}`).toEqual(ids.map((id, i) => (mask[i] ? id : IGNORE)));
    }
  });
});

/** Kinds whose tags say something else than what the model must write once it is asked, and what that is. */
const TAGS_DIFFER: Readonly<Record<string, string>> = {
  falcon: "the tags leave out the space behind 'Assistant:', which the generation prompt does not give",
  openchat: "the tags leave out the space behind 'Assistant:', which the generation prompt does not give",
  vicuna: "the tags take in results of tools, which are no answers",
  alpaca: "the tags take in results of tools, which are no answers",
};

describe("without tags the same answers are found, by who wrote what", () => {
  const tokenizer = markedTokenizer();
  // A line end behind a block tag is the tag's (trim_blocks).
  const untagged = (source: string): string => source.replaceAll(/\{% (end)?generation %\}\n?/g, "");
  const masked = expected.filter((each) => each.ids !== undefined);

  it.each(namesOfKinds.filter((kind) => !(kind in TAGS_DIFFER)))("%s", (kind) => {
    const source = untagged(kinds[kind] ?? "");
    const encoder = createEncoder({ tokenizer, template: { kind: "jinja", source }, now: clock });
    for (const { row, ids = [], mask = [] } of masked.filter((each) => each.kind === kind)) {
      const { encoded } = encoder.encode(parseRowText(rows[row] ?? ""), row);
      expect(Array.from(encoded.ids), `row ${row}`).toEqual(ids);
      const ours = ids.map((_, i) => encoded.labels[i] !== IGNORE);
      const theirs = mask.map(Boolean);
      const show = (list: readonly boolean[]): string =>
        list
          .map((on, i) =>
            on
              ? `⟦${encoded.text.slice(encoded.starts[i], encoded.ends[i])}⟧`
              : encoded.text.slice(encoded.starts[i], encoded.ends[i]),
          )
          .join("");
      expect(show(ours), `row ${row}`).toBe(show(theirs));
    }
  });
});

describe("what a template did to an answer is named where its characters are not known any more", () => {
  const tokenizer = markedTokenizer();
  const operationsOf = (kind: string): string[] => {
    const encoder = createEncoder({ tokenizer, template: { kind: "jinja", source: kinds[kind] ?? "" }, now: clock });
    const found = expected.filter((each) => each.kind === kind && each.ids !== undefined);
    const losses = found.flatMap(({ row }) => encoder.encode(parseRowText(rows[row] ?? ""), row).facts.losses ?? []);
    return [...new Set(losses.map(({ operation, line, column }) => `${operation} ${line}:${column}`))].sort();
  };

  it("in every kind", () => {
    const named = namesOfKinds
      .map((kind) => [kind, operationsOf(kind)] as const)
      .filter(([, found]) => found.length > 0);
    expect(Object.fromEntries(named)).toEqual({
      // two line ends become one, by the template's own text
      falcon: ["replace 1:161", "replace 1:183", "replace 1:264"],
      // an answer that is nothing but reasoning is dropped
      "think-dropped": [" 0:0"],
    });
  });
});
