import * as v from "valibot";
import { id, path, procedure, read } from "./common.ts";
import { encodeSettings } from "./text.ts";

/** A row of a prepared set that is not what Sift would train: where it differs first, and in how many tokens. */
export const preparedDifference = v.object({
  /** Positions in the two versions, from 0. */
  row: v.number(),
  sourceRow: v.number(),
  kind: v.picklist(["labels", "ids"]),
  position: v.number(),
  tokens: v.number(),
  theirs: v.string(),
  sift: v.string(),
});
export type PreparedDifference = v.InferOutput<typeof preparedDifference>;

export const preparedComparison = v.object({
  id,
  versionId: id,
  sourceVersionId: id,
  settings: encodeSettings,
  /** Rows of the source that have an encoding, and those that have none. */
  rows: v.number(),
  unencodable: v.number(),
  same: v.number(),
  labelsDiffer: v.number(),
  idsDiffer: v.number(),
  unknown: v.number(),
  missing: v.number(),
  /** The first of them. */
  differences: v.array(preparedDifference),
});
export type PreparedComparison = v.InferOutput<typeof preparedComparison>;

export const preparedContract = {
  /** Compares a tokenised version with what the settings make of another; the result is at `comparison` once the job is done. */
  compare: procedure
    .input(v.object({ versionId: id, sourceVersionId: id, settings: encodeSettings }))
    .output(v.object({ jobId: id })),
  /** Kept while core runs. */
  comparison: read.input(v.object({ comparisonId: id })).output(preparedComparison),
  /** Writes what would train as a folder that `datasets.load_from_disk` opens. The job's rows are those written, its bad rows those left out. */
  export: procedure
    .input(v.object({ versionId: id, settings: encodeSettings, folder: path }))
    .output(v.object({ jobId: id })),
};
