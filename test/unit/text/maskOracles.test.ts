import { describe, expect, it } from "vitest";
import { SiftError } from "#shared/errors.ts";
import { createEncoder, parseRow } from "#shared/text/index.ts";
import { qwenTokenizer, readOracle } from "./reference.ts";

interface MaskCase {
  readonly template: string;
  readonly conversation: string;
  readonly ids?: readonly number[];
  readonly labels?: readonly number[];
  readonly error?: string;
}

const conversations = new Map(readOracle<{ name: string }[]>("conversations.json").map((row) => [row.name, row]));
const templates = readOracle<{ name: string; source: string }[]>("templates.json");
const cases = readOracle<MaskCase[]>("masks.json");

describe.each(templates)("our conversations through the template $name", ({ name, source }) => {
  const encoder = createEncoder({ tokenizer: qwenTokenizer(), template: { kind: "jinja", source } });
  it.each(cases.filter((c) => c.template === name).map((c) => [c.conversation, c] as const))(
    "%s as transformers makes it",
    (key, expected) => {
      const row = parseRow(conversations.get(key));
      if (expected.error) {
        expect(() => encoder.encode(row, 0)).toThrow(SiftError);
        return;
      }
      const { encoded } = encoder.encode(row, 0);
      expect(Array.from(encoded.ids)).toEqual(expected.ids);
      if (expected.labels) expect(Array.from(encoded.labels)).toEqual(expected.labels);
    },
  );
});
