import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  createEncoder,
  createRowReader,
  parseRow,
  parseRowText,
  Tokenizer,
  type ParsedRow,
} from "#shared/text/index.ts";
import { repositoryRoot, sharedPath } from "../test/shared.ts";

/** Encode + labels on one thread with Qwen2.5's tokenizer: rows a second, first pass (empty caches) and a later one. */

const modelFolder = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
const json = (name: string): unknown => JSON.parse(readFileSync(join(modelFolder, name), "utf8"));

/** BELLE's rows where the reference material is there, else the sample's. */
function rows(): { readonly source: string; readonly rows: ParsedRow[] } {
  const belle = sharedPath("datasets", "belle_267.jsonl");
  const reader = createRowReader();
  const text = readFileSync(belle ?? join(repositoryRoot, "resources", "sample", "conversations.jsonl"), "utf8");
  const raw = [...reader.push(text), ...reader.end()].flatMap((row) => ("text" in row ? [row.text] : []));
  return { source: belle === undefined ? "sample" : "belle", rows: raw.map((line) => parseRowText(line)) };
}

const data = rows();
const encoder = createEncoder({
  tokenizer: new Tokenizer(json("tokenizer.json"), json("tokenizer_config.json")),
  template: { kind: "preset", name: "chatml-human" },
});
// the encoder's own set-up (template probing) is no part of a row
encoder.encode(
  parseRow({
    messages: [
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
    ],
  }),
  0,
);

function rowsPerSecond(): number {
  const start = performance.now();
  for (const [index, row] of data.rows.entries()) encoder.encode(row, index);
  return Math.round((data.rows.length / (performance.now() - start)) * 1000);
}
console.log(
  JSON.stringify({
    bench: "encode",
    rows: data.source,
    first_pass_rows_per_second: rowsPerSecond(),
    second_pass_rows_per_second: rowsPerSecond(),
    wanted_at_least: 800,
  }),
);
