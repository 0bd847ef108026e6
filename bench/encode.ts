import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { fileBatches } from "#main/cli/file-rows.ts";
import { encodeBatches, EncodePool } from "#main/core/data/pool.ts";
import type { EncodeSpec, ResultOf } from "#main/core/data/thread-protocol.ts";
import { openCoder } from "#main/core/text/encoding.ts";
import { rowCache } from "#main/core/text/row-cache.ts";
import { parseRowText } from "#shared/text/index.ts";
import { repositoryRoot, sharedPath } from "../test/shared.ts";
import { peerPython, runPeer } from "./encode-peer.ts";
import { benchRow, writeBenchRows } from "./rows.ts";

/**
 * A whole dataset of distinct rows, encoded and proved with Qwen2.5's tokenizer in two threads, in turn with
 * `datasets.map(num_proc=2)` and `apply_chat_template(…, return_assistant_tokens_mask=True)`; the ids and labels of both must be
 * the same. Prints JSON lines; ratios are medians of pairs.
 *
 * usage: node bench/encode.ts [ROWS] [PAIRS]
 */
const ROWS = Number(process.argv[2] ?? 10_000);
const PAIRS = Number(process.argv[3] ?? 3);
const THREADS = 2;

const work = mkdtempSync(join(tmpdir(), "sift-bench-"));
const data = join(work, "rows.jsonl");
const tokenizer = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
const template =
  sharedPath("templates", "qwen2_5_training.jinja") ?? join(repositoryRoot, "bench", "chatml_tagged.jinja");
const settings: EncodeSettings = {
  modelPath: tokenizer,
  template: { kind: "text", source: readFileSync(template, "utf8"), name: template },
};

const print = (line: object): void => console.log(JSON.stringify(line));
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const round = (value: number, digits = 0): number => Number(value.toFixed(digits));

async function seconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

async function drain<Want extends keyof ResultOf>(spec: EncodeSpec & { want: Want }): Promise<ResultOf[Want][]> {
  const results: ResultOf[Want][] = [];
  for await (const result of encodeBatches(spec, fileBatches(data), { threads: THREADS })) results.push(result);
  return results;
}

/** SHA-256 over each row's ids and labels, 32 bits each, as the peer makes it. */
async function digest(): Promise<string> {
  const hash = createHash("sha256");
  for (const { columns } of await drain({ settings, want: "columns" })) {
    for (const { ids, labels } of columns) {
      for (const column of [ids, labels])
        hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
    }
  }
  return hash.digest("hex");
}

/** `sift prove` as a user calls it, the built program from start to end. */
function prove(): number {
  const start = performance.now();
  const program = join(repositoryRoot, "resources/bin/sift.mjs");
  const flags = ["--data", data, "--tokenizer", tokenizer, "--template", template, "--json"];
  const answer = execFileSync(process.execPath, [program, "prove", ...flags], { encoding: "utf8", maxBuffer: 2 ** 28 });
  const { rows } = JSON.parse(answer) as { rows: number };
  if (rows !== ROWS) throw new Error(`sift prove read ${rows} rows of ${ROWS}`);
  return (performance.now() - start) / 1000;
}

/** Ours and the peer's in turn. The start of processes, and reading template and tokenizer, count as ours; the peer is timed from its first row on. */
async function againstPeer(): Promise<void> {
  const found = peerPython();
  const ours: number[] = [];
  const ratios: number[] = [];
  const theirs: number[] = [];
  const hash = await digest();
  for (let pair = 0; pair < PAIRS; pair++) {
    ours.push(prove());
    if ("missing" in found) continue;
    const peer = runPeer(found.python, { data, tokenizer, template, processes: THREADS });
    if (peer.sha256 !== hash) throw new Error("ids or labels differ from the peer's");
    theirs.push(peer.seconds);
    ratios.push(peer.seconds / (ours.at(-1) ?? 1));
  }
  print({ bench: "sift prove", rows: ROWS, threads: THREADS, rows_per_second: round(ROWS / median(ours)) });
  const peer = "datasets.map(num_proc=2) with apply_chat_template";
  if ("missing" in found) print({ bench: "sift prove", peer, skipped: found.missing });
  else {
    const rates = { rows_per_second: round(ROWS / median(theirs)), same_ids_and_labels: true };
    print({ bench: "sift prove", peer, ...rates, ratio: round(median(ratios), 2), wanted_at_least: 2 });
  }
}

/** Threads that run already; then the same rows from the cache, and under another mask. */
async function inRunningThreads(): Promise<void> {
  const cache = rowCache(settings, join(work, "cache"));
  const rate = async (name: string, spec: EncodeSpec & { want: "facts" }, wanted: object = {}): Promise<void> => {
    const pool = new EncodePool(spec, THREADS);
    const pass = async (limit?: number): Promise<void> => {
      for await (const _ of pool.map(fileBatches(data, limit)));
    };
    await pass(400);
    const spent = await seconds(() => pass());
    await pool.close();
    print({ bench: name, rows: ROWS, threads: THREADS, rows_per_second: round(ROWS / spent), ...wanted });
  };
  await rate("encode-proof, threads running", { settings, want: "facts" });
  await rate("encode-proof, filling the cache", { settings, want: "facts", cache });
  await rate("proof from the cache", { settings, want: "facts", cache });
  const other = { settings: { ...settings, mask: "all" as const }, want: "facts" as const, cache };
  await rate("proof with another mask from the cache", other, { wanted_at_least: 20_000 });
}

/** Labels alone, rows tokenised before, one thread. */
function relabelled(): void {
  const { encoder } = openCoder(settings);
  if (!encoder) throw new Error("the tokenizer is not there");
  const count = Math.min(ROWS, 2000);
  const rows = Array.from({ length: count }, (_, i) => encoder.tokenize(parseRowText(benchRow(i)), i));
  const pass = (): number => {
    const start = performance.now();
    for (const [i, row] of rows.entries()) encoder.relabel(row, i);
    return count / ((performance.now() - start) / 1000);
  };
  const rates = Array.from({ length: 5 }, pass);
  print({ bench: "labels alone", threads: 1, rows_per_second: round(median(rates)), wanted_at_least: 20_000 });
}

try {
  await writeBenchRows({ path: data, rows: ROWS });
  await againstPeer();
  await inRunningThreads();
  relabelled();
} finally {
  rmSync(work, { recursive: true, force: true });
}
