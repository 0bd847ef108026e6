import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { sharedPath } from "../test/shared.ts";
import { RandomStream } from "../src-worker/models/random.ts";
import type { MicroBatch } from "../src-worker/models/layout.ts";

/** The rows of the benchmark: as `torch_peers.py` encodes and packs them, so that both sides train on the same tokens. */

interface Row {
  readonly ids: readonly number[];
  /** Unshifted. */
  readonly labels: readonly number[];
}

const IGNORE = -100;
const MAX_LENGTH = 2048;

interface Turn {
  readonly from: string;
  readonly value: string;
}

function encode(turns: readonly Turn[], tokenize: (text: string) => number[]): Row {
  const [start, end, line] = ["<|im_start|>", "<|im_end|>", "\n"].map(tokenize) as [number[], number[], number[]];
  const system = [
    ...start,
    ...tokenize("system"),
    ...line,
    ...tokenize("You are a helpful assistant."),
    ...end,
    ...line,
  ];
  const structural = (count: number): number[] => [
    ...start,
    ...new Array<number>(count - 3).fill(IGNORE),
    ...end,
    ...line,
  ];
  const ids = [...system];
  const labels = structural(system.length);
  for (const { from, value } of turns) {
    const role = tokenize(`<|im_start|>${from}`);
    const turn = [...role, ...line, ...tokenize(value), ...end, ...line];
    const answer = [...start, ...role.map(() => IGNORE), ...turn.slice(role.length + 1, -2), ...end, ...line];
    ids.push(...turn);
    labels.push(...(from === "human" ? structural(turn.length) : answer));
  }
  return { ids: ids.slice(0, MAX_LENGTH), labels: labels.slice(0, MAX_LENGTH) };
}

export interface BenchRows {
  readonly rows: readonly Row[];
  readonly source: string;
}

/**
 * BELLE's rows where the reference material is there, else random ids with lengths like theirs. Another process makes them, so
 * that the tokenizer's memory is not counted as that of training: a run's worker gets its rows as ids.
 */
export function benchRows(): BenchRows {
  const printed = execFileSync(process.execPath, [import.meta.filename], { encoding: "utf8", maxBuffer: 1 << 28 });
  return JSON.parse(printed) as BenchRows;
}

function makeRows(): BenchRows {
  const data = sharedPath("datasets", "belle_267.jsonl");
  const folder = sharedPath("tokenizers", "qwen2_5");
  if (data === undefined || folder === undefined || !existsSync(data))
    return { rows: syntheticRows(), source: "synthetic" };
  const json = (name: string): object => JSON.parse(readFileSync(join(folder, name), "utf8")) as object;
  const tokenizer = new Tokenizer(json("tokenizer.json"), json("tokenizer_config.json"));
  const tokenize = (text: string): number[] => tokenizer.encode(text).ids;
  const lines = readFileSync(data, "utf8").trim().split("\n");
  const turns = lines.map((line) => (JSON.parse(line) as { conversations: Turn[] }).conversations);
  const usable = turns.filter((row) => row.every(({ from }) => from === "human" || from === "assistant"));
  return { rows: usable.slice(0, 100).map((row) => encode(row, tokenize)), source: "belle_267" };
}

/** Log-normal lengths around 150 tokens, the second part scored, as short questions with longer answers are. */
function syntheticRows(): Row[] {
  const random = new RandomStream(0, "bench rows");
  return Array.from({ length: 100 }, () => {
    const length = Math.min(900, Math.max(40, Math.round(150 * Math.exp(0.7 * random.normal()))));
    const ids = Array.from({ length }, () => Math.floor(random.uniform() * 150_000));
    const scoredFrom = Math.round(length * 0.75);
    return { ids, labels: ids.map((id, i) => (i < scoredFrom ? IGNORE : id)) };
  });
}

/** Whole rows packed into blocks of at most `block` tokens, labels shifted row by row. */
export function packs(rows: readonly Row[], block: number): MicroBatch[] {
  const blocks: Row[][] = [[]];
  let length = 0;
  for (const row of rows) {
    if (length + row.ids.length > block && length > 0) {
      blocks.push([]);
      length = 0;
    }
    blocks.at(-1)?.push(row);
    length += row.ids.length;
  }
  return blocks.map(toMicroBatch);
}

function toMicroBatch(rows: readonly Row[]): MicroBatch {
  const documents = [0];
  for (const row of rows) documents.push((documents.at(-1) ?? 0) + row.ids.length);
  const labels = Int32Array.from(rows.flatMap((row) => [...row.labels.slice(1), IGNORE]));
  return {
    ids: Int32Array.from(rows.flatMap((row) => row.ids)),
    positions: Int32Array.from(rows.flatMap((row) => row.ids.map((_, i) => i))),
    documents: Int32Array.from(documents),
    labels,
    weights: Float32Array.from(labels, (label) => (label < 0 ? 0 : 1)),
  };
}

if (process.argv[1] === import.meta.filename) console.log(JSON.stringify(makeRows()));
