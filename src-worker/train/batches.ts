import { shiftLabels } from "#shared/text/shift.ts";
import { IGNORE } from "#shared/text/types.ts";
import type { MicroBatch } from "#worker/models/layout.ts";
import type { BatchUnit } from "./sampler.ts";
import type { SnapshotRow } from "./snapshot.ts";

export interface CountedBatch {
  readonly batch: MicroBatch;
  /** Positions with a target whose weight is not 0, counted after the shift. */
  readonly supervisedTokens: number;
}

interface RowSource {
  read(row: number): SnapshotRow;
}

/** Rows laid end to end, never padded, each with positions from 0 and labels shifted on its own. */
export function layRows(source: RowSource, rows: BatchUnit): CountedBatch {
  const read = rows.map((row) => source.read(row)).filter((row) => row.ids.length > 0);
  const tokens = read.reduce((sum, row) => sum + row.ids.length, 0);
  const batch = {
    ids: new Int32Array(tokens),
    positions: new Int32Array(tokens),
    documents: new Int32Array(read.length + 1),
    labels: new Int32Array(tokens).fill(IGNORE),
    weights: new Float32Array(tokens),
  };
  let start = 0;
  for (const [index, row] of read.entries()) {
    batch.ids.set(row.ids, start);
    const shifted = shiftLabels(row);
    batch.labels.set(shifted.labels, start);
    batch.weights.set(shifted.weights, start);
    for (let i = 0; i < row.ids.length; i++) batch.positions[start + i] = i;
    start += row.ids.length;
    batch.documents[index + 1] = start;
  }
  return { batch, supervisedTokens: countScored(batch) };
}

function countScored({ labels, weights }: Pick<MicroBatch, "labels" | "weights">): number {
  let count = 0;
  for (const [i, label] of labels.entries()) if (label !== IGNORE && weights[i] !== 0) count++;
  return count;
}
