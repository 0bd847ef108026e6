import { describe, expect, it } from "vitest";
import { createEncoder, type MaskOptions, parseRow } from "#shared/text/index.ts";
import { qwenTokenizer, readOracle } from "./reference.ts";

interface OptionCase {
  readonly options: MaskOptions;
  readonly conversation: string;
  readonly messages: readonly unknown[];
  readonly ids: readonly number[];
  readonly labels: readonly number[];
}

const { template, cases } = readOracle<{ template: string; cases: OptionCase[] }>("maskOptions.json");

/** Made by scripts/make-mask-option-oracles.py: tags around exactly what an option trains. */
describe("an option on a template without tags, as transformers masks the one with tags", () => {
  it.each(cases.map((each) => [JSON.stringify(each.options), each.conversation, each] as const))(
    "%s: %s",
    (_, __, { options, messages, ids, labels }) => {
      const encoder = createEncoder({
        tokenizer: qwenTokenizer(),
        template: { kind: "jinja", source: template },
        maskOptions: options,
      });
      const { encoded } = encoder.encode(parseRow({ messages }), 0);
      expect(Array.from(encoded.ids)).toEqual(ids);
      expect(Array.from(encoded.labels)).toEqual(labels);
    },
  );
});
