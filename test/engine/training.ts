import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MicroBatch } from "#worker/models/layout.ts";

/** A row as data.jsonl of the training oracles has it; labels are unshifted. */
export interface TokenRow {
  readonly input_ids: readonly number[];
  readonly labels: readonly number[];
}

export const readRows = (folder: string): TokenRow[] =>
  readFileSync(join(folder, "data.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as TokenRow);

export interface Expected {
  readonly run: {
    readonly batch_size: number;
    readonly accumulation: number;
    readonly lr_full: number;
    readonly lr_lora: number;
    readonly weight_decay: number;
    readonly clip: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
  };
  readonly parameters: number;
  readonly logits_row0: readonly (readonly number[])[];
  readonly logsumexp_row0: readonly number[];
  readonly grad_norms_first_step_full: Readonly<Record<string, number>>;
  readonly full: Curve;
  readonly lora: Curve;
  /** One step over the first rows with these weights; a position's weight is that of the token after it. */
  readonly weighted?: {
    readonly weights: readonly (readonly number[])[];
    readonly loss: number;
    readonly grad_norm: number;
  };
}

export interface Curve {
  readonly steps: readonly { readonly loss: number; readonly grad_norm: number; readonly learning_rate: number }[];
  readonly eval_loss_after: number;
}

export const readExpected = (folder: string): Expected =>
  JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expected;

/** Rows laid end to end; every row is `padTo` tokens long at least (padding is a part of the row that is not scored). */
export function microBatch(rows: readonly TokenRow[], padTo = 0): MicroBatch {
  const lengths = rows.map((row) => Math.max(row.input_ids.length, padTo));
  const documents = [0];
  for (const length of lengths) documents.push((documents.at(-1) ?? 0) + length);
  const padded = (values: readonly number[], fill: number, row: number): number[] =>
    Array.from({ length: lengths[row] ?? 0 }, (_, i) => values[i] ?? fill);
  const labels = rows.flatMap((row, index) => padded(row.labels.slice(1), -100, index));
  return {
    ids: Int32Array.from(rows.flatMap((row, index) => padded(row.input_ids, 0, index))),
    positions: Int32Array.from(lengths.flatMap((length) => [...Array(length).keys()])),
    documents: Int32Array.from(documents),
    labels: Int32Array.from(labels),
    weights: Float32Array.from(labels, (label) => (label < 0 ? 0 : 1)),
  };
}

/** Rows `size` at a time. */
export function grouped<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

export const norm = (values: Float32Array): number =>
  Math.sqrt(values.reduce((total, value) => total + value * value, 0));
