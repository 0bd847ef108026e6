import * as v from "valibot";
import { id, read } from "./common.ts";
import { encodeSettings } from "./text.ts";

/** Rows that are shown packed: the first of a version, in file order. */
export const PACKED_ROWS = 2000;
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

export const packing = v.object({
  maxLength: v.number(),
  packs: v.array(pack),
  /** Rows that were read; those that train nothing or have no encoding are in no pack. */
  rowsRead: v.number(),
  /** Rows that were cut, and rows that are in no pack. */
  rowsCut: v.number(),
  rowsLeftOut: v.number(),
});
export type Packing = v.InferOutput<typeof packing>;

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

const request = v.object({
  versionId: id,
  settings: encodeSettings,
  /** Tokens of a pack. */
  maxLength: v.pipe(v.number(), v.integer(), v.minValue(1)),
});
export type PackingRequest = v.InferOutput<typeof request>;

export const packingContract = {
  /** How the first rows lie in packs, with the code that packs a run. */
  packs: read.input(request).output(packing),
  /** Scores the first packs that hold two rows or more, packed and row by row, on the model. Ends when its caller goes away. */
  compare: read.input(request).output(packLosses),
};
