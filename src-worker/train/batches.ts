import { layOut } from "#shared/text/packing.ts";
import { IGNORE } from "#shared/text/types.ts";
import type { MicroBatch } from "#worker/models/layout.ts";
import type { BatchUnit } from "./sampler.ts";
import type { SnapshotRow } from "./snapshot.ts";

export interface CountedBatch {
  /** The rows that it is made of, one a document. */
  readonly rows: readonly number[];
  readonly batch: MicroBatch;
  /** Positions with a target whose weight is not 0, counted after the shift. */
  readonly supervisedTokens: number;
}

interface RowSource {
  read(row: number): SnapshotRow;
}

/** Rows laid end to end, never padded, each with positions from 0 and labels shifted on its own. */
export function layRows(source: RowSource, rows: BatchUnit): CountedBatch {
  const read = rows.map((row) => ({ row, ...source.read(row) })).filter(({ ids }) => ids.length > 0);
  const { offsets, ...arrays } = layOut(read);
  const batch = { ...arrays, documents: offsets };
  return { rows: read.map(({ row }) => row), batch, supervisedTokens: countScored(batch) };
}

function countScored({ labels, weights }: Pick<MicroBatch, "labels" | "weights">): number {
  let count = 0;
  for (const [i, label] of labels.entries()) if (label !== IGNORE && weights[i] !== 0) count++;
  return count;
}
