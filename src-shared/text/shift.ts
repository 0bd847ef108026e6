import { SiftError } from "#shared/errors.ts";
import { IGNORE } from "./types.ts";

/** Targets of next-token prediction: position i predicts `labels[i]` with `weights[i]`. */
export interface ShiftedLabels {
  readonly labels: Int32Array;
  readonly weights: Float32Array;
}

/**
 * Labels of one document for next-token loss: position i is scored only if token i + 1 is supervised; the last position
 * has no next token, and the document's first token is never a target. The only place where labels are shifted; never
 * call it on a pack.
 * @throws SiftError `mask-length`
 */
export function shiftLabels(row: { readonly labels: Int32Array; readonly weights: Float32Array }): ShiftedLabels {
  const { length } = row.labels;
  if (row.weights.length !== length) {
    throw new SiftError("mask-length", `there are ${length} labels and ${row.weights.length} weights`);
  }
  const labels = new Int32Array(length).fill(IGNORE);
  const weights = new Float32Array(length);
  labels.set(row.labels.subarray(1));
  weights.set(row.weights.subarray(1));
  return { labels, weights };
}
