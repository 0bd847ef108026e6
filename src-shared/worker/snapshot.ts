import * as v from "valibot";

/**
 * A snapshot is what a worker trains on: encoded rows, immutable, written by core before the worker starts.
 *
 *     manifest.json   this schema, written last: a folder without it is not a snapshot
 *     ids.i32         token ids of all rows, one after another (little endian int32)
 *     labels.i32      UNSHIFTED labels, same length (own id or -100)
 *     weights.f32     loss weights, same length (float32)
 *     offsets.f64     rows + 1 token offsets (float64: exact up to 2^53)
 *     rows.jsonl      a line a row: { "row": index in the data, "id": row identity }
 */
export const SNAPSHOT_FORMAT = 1;
export const SNAPSHOT_FILES = ["ids.i32", "labels.i32", "weights.f32", "offsets.f64", "rows.jsonl"] as const;
export type SnapshotFile = (typeof SNAPSHOT_FILES)[number];

const fileEntry = v.object({ bytes: v.number(), sha256: v.string() });

export const snapshotManifest = v.object({
  format: v.literal(SNAPSHOT_FORMAT),
  rows: v.number(),
  tokens: v.number(),
  /** Counted after the shift, as the trainer scores them. */
  supervisedTokens: v.number(),
  longestRow: v.number(),
  /** Content hash of the data it was made from, and of the template text. */
  dataHash: v.string(),
  templateHash: v.string(),
  mask: v.string(),
  files: v.object({
    "ids.i32": fileEntry,
    "labels.i32": fileEntry,
    "weights.f32": fileEntry,
    "offsets.f64": fileEntry,
    "rows.jsonl": fileEntry,
  }),
});
export type SnapshotManifest = v.InferOutput<typeof snapshotManifest>;
