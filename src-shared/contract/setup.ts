import * as v from "valibot";

/** Rows that are laid out in every way; the same number split as 8×1, 4×2, 2×4 and 1×8. */
export const CHECKED_ROWS = 8;
/** Relative difference of loss or gradients that counts as none: float32 sums of the same terms in another order. */
export const SETUP_TOLERANCE = 1e-5;
/** Gradients that nearly cancel lose digits: above the tolerance and up to this it is still rounding; rows that see one another differ by more. */
export const ROUNDING_LIMIT = 1e-3;

export const LAYOUTS = ["split", "packed"] as const;

/** One way to lay the same rows out for a step. */
export const arrangement = v.object({
  /** `split`: so many micro-batches of so many rows; `packed`: blocks of at most max_length tokens. */
  layout: v.picklist(LAYOUTS),
  microBatches: v.number(),
  /** Of the largest micro-batch. */
  rows: v.number(),
  /** Rows by length instead of as they stand. */
  sorted: v.boolean(),
});
export type Arrangement = v.InferOutput<typeof arrangement>;

export const arrangementResult = v.object({
  ...arrangement.entries,
  loss: v.number(),
  gradNorm: v.number(),
  /** Against the first arrangement: |difference| / |loss|, and ‖difference‖ / ‖gradients‖ of all together. */
  lossDifference: v.number(),
  gradientDifference: v.number(),
});
export type ArrangementResult = v.InferOutput<typeof arrangementResult>;

export const setupCheck = v.object({
  arrangements: v.array(arrangementResult),
  rows: v.number(),
  tokens: v.number(),
  supervisedTokens: v.number(),
  lossDifference: v.number(),
  gradientDifference: v.number(),
  /** `same`: both within SETUP_TOLERANCE; `rounding`: within ROUNDING_LIMIT. */
  verdict: v.picklist(["same", "rounding", "different"]),
});
export type SetupCheck = v.InferOutput<typeof setupCheck>;
