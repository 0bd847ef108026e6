import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createEncoder, type TemplateChoice, type Tokenizer } from "#shared/text/index.ts";
import { sharedPath } from "../../shared.ts";
import { loadTokenizer, readExpected, readRows } from "./reference.ts";

const masks = sharedPath("oracles", "masks");
const tokenizerFolder = sharedPath("tokenizers", "qwen2_5");
const DATASETS: Readonly<Record<string, string>> = {
  alpaca_en: "alpaca_en_demo.json",
  alpaca_history_zh: "alpaca_history_zh.json",
  belle_267: "belle_267.jsonl",
  glaive_en: "glaive_toolcall_en_demo.json",
  sharegpt_zh_1k: "sharegpt_zh_1k.jsonl",
};

describe.skipIf(!masks || !tokenizerFolder)(
  "every mask oracle of shared/oracles/masks (skipped without ../shared)",
  () => {
    let tokenizer: Tokenizer;
    beforeAll(() => {
      tokenizer = loadTokenizer(tokenizerFolder ?? "");
    });
    for (const file of masks ? readdirSync(masks) : []) {
      const [dataset = "", template = ""] = file.split(".");
      it(`equals ${file} id for id and label for label`, () => {
        const rows = readRows(sharedPath("datasets", DATASETS[dataset] ?? "") ?? "");
        const isSeed = template === "seed";
        const choice: TemplateChoice = isSeed
          ? { kind: "preset", name: "chatml-human" }
          : { kind: "jinja", source: readFileSync(sharedPath("templates", `${template}.jinja`) ?? "", "utf8") };
        const encoder = createEncoder({
          tokenizer,
          template: choice,
          ...(isSeed ? { maxLength: 2048, overLength: "truncate" } : {}),
        });
        const expected = readExpected(join(masks ?? "", file));
        expect(expected.length).toBeGreaterThan(0);
        for (const { row, ids, labels } of expected) {
          const parsed = rows[row];
          if (!parsed) throw new Error(`row ${row} is missing`);
          const { encoded } = encoder.encode(parsed, row);
          expect(Array.from(encoded.ids), `ids of row ${row}`).toEqual(ids);
          expect(Array.from(encoded.labels), `labels of row ${row}`).toEqual(labels);
        }
      });
    }
  },
);
