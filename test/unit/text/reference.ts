import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { join } from "node:path";
import { createRowReader, parseRowText, type ParsedRow, Tokenizer } from "#shared/text/index.ts";

/** A tokenizer from a folder with tokenizer.json and tokenizer_config.json. */
export function loadTokenizer(folder: string): Tokenizer {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"));
  return new Tokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
}

/** Rows of a data file, parsed; a row that cannot be read throws. */
export function readRows(file: string): ParsedRow[] {
  const reader = createRowReader();
  const events = [...reader.push(readFileSync(file, "utf8")), ...reader.end()];
  return events.map((event) => {
    if (event.kind === "error") throw new Error(`${file}:${event.line}: ${event.error.message}`);
    return parseRowText(event.text);
  });
}

export interface ExpectedRow {
  readonly row: number;
  readonly ids: readonly number[];
  readonly labels: readonly number[];
}

/** Expected ids and labels, `*.jsonl.gz`. */
export function readExpected(file: string): ExpectedRow[] {
  const text = gunzipSync(readFileSync(file)).toString("utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as ExpectedRow);
}
