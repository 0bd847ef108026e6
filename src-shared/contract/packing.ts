import * as v from "valibot";
import { id, page, read } from "./common.ts";
import { encodeSettings } from "./text.ts";

/** Rows whose packs are scored both ways: the first of a version, in file order. */
export const SCORED_ROWS = 2000;
/** Bars of the histogram: how many packs are filled to 0–5 %, 5–10 %, … of the maximum. */
export const FILL_BARS = 20;
/** Packs that are scored both ways. */
export const CHECKED_PACKS = 3;
/** Relative difference of two float32 sums of the same terms that counts as equal. */
export const LOSS_TOLERANCE = 1e-4;

export const packedRow = v.object({
  /** Position in the version. */
  index: v.number(),
  tokens: v.number(),
  /** Counted after the shift. */
  supervised: v.number(),
});
export const pack = v.object({ tokens: v.number(), rows: v.array(packedRow) });
export type Pack = v.InferOutput<typeof pack>;

export const packingSummary = v.object({
  maxLength: v.number(),
  packs: v.number(),
  /** Tokens in all packs. */
  tokens: v.number(),
  /** Packs by how full they are. */
  fill: v.array(v.number()),
  /** Rows of the proof; those that train nothing or have no encoding are in no pack. */
  rowsRead: v.number(),
  /** Rows that were cut, and rows that are in no pack. */
  rowsCut: v.number(),
  rowsLeftOut: v.number(),
});
export type PackingSummary = v.InferOutput<typeof packingSummary>;

export const packLosses = v.object({
  /** Places in `packs`. */
  packs: v.array(v.number()),
  rows: v.number(),
  weightSum: v.number(),
  /** Mean token loss over the checked packs, as packed and row by row. */
  packed: v.number(),
  separate: v.number(),
  /** The largest of the packs. */
  relativeDifference: v.number(),
  equal: v.boolean(),
});
export type PackLosses = v.InferOutput<typeof packLosses>;

const proven = { proofId: id, maxLength: v.pipe(v.number(), v.integer(), v.minValue(1)) };

const request = v.object({
  versionId: id,
  settings: encodeSettings,
  /** Tokens of a pack. */
  maxLength: v.pipe(v.number(), v.integer(), v.minValue(1)),
});
export type PackingRequest = v.InferOutput<typeof request>;

export const packingContract = {
  /** How the rows of a proof lie in packs, in file order, with the code that packs a run (which shuffles them first). */
  summary: read.input(v.object(proven)).output(packingSummary),
  packs: read.input(v.object({ ...proven, ...page })).output(v.array(pack)),
  /** Scores the first packs that hold two rows or more, packed and row by row, on the model. Ends when its caller goes away. */
  compare: read.input(request).output(packLosses),
};
