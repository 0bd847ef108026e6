import * as v from "valibot";
import { empty, hash, id, page, path, procedure, read, timestamp } from "./common.ts";

export const VERDICTS = ["none", "accepted", "rejected"] as const;
export const verdict = v.picklist(VERDICTS);
export type Verdict = v.InferOutput<typeof verdict>;

export const datasetVersion = v.object({
  id,
  /** 1, 2, … within the dataset. */
  number: v.number(),
  contentHash: hash,
  rows: v.number(),
  badRows: v.number(),
  createdAt: timestamp,
  note: v.string(),
  /** Its rows came as token ids with labels: template and mask do not apply. */
  tokenised: v.boolean(),
});
export type DatasetVersion = v.InferOutput<typeof datasetVersion>;

export const datasetSummary = v.object({
  id,
  name: v.string(),
  source: v.string(),
  /** The newest version. */
  version: datasetVersion,
  accepted: v.number(),
  rejected: v.number(),
  edited: v.number(),
  usedByRuns: v.number(),
  createdAt: timestamp,
});
export type DatasetSummary = v.InferOutput<typeof datasetSummary>;

const contentPart = v.looseObject({ type: v.string(), text: v.optional(v.string()) });
/** Characters `start`…`end` (UTF-16 code units, end excluded) of a content, and what they count. */
export const weightSpan = v.object({ start: v.number(), end: v.number(), weight: v.number() });
export const message = v.object({
  role: v.string(),
  content: v.nullable(v.union([v.string(), v.array(contentPart)])),
  reasoning: v.optional(v.string()),
  tool_calls: v.optional(
    v.array(
      v.object({
        type: v.optional(v.literal("function")),
        id: v.optional(v.string()),
        function: v.object({ name: v.string(), arguments: v.unknown() }),
      }),
    ),
  ),
  tool_call_id: v.optional(v.string()),
  name: v.optional(v.string()),
  weight: v.optional(v.number()),
  spans: v.optional(v.array(weightSpan)),
  /** Other keys of the message, given to the template as they are. */
  extra: v.optional(v.record(v.string(), v.unknown())),
});
export const conversation = v.object({
  messages: v.array(message),
  tools: v.optional(v.array(v.unknown())),
  variables: v.optional(v.record(v.string(), v.unknown())),
  id: v.optional(v.string()),
  source: v.optional(v.string()),
  metadata: v.optional(v.record(v.string(), v.unknown())),
});
export const parsedRow = v.variant("kind", [
  v.object({ kind: v.literal("conversation"), conversation }),
  v.object({ kind: v.literal("text"), text: v.string() }),
  v.object({
    kind: v.literal("tokens"),
    tokens: v.object({
      inputIds: v.array(v.number()),
      labels: v.array(v.number()),
      weights: v.exactOptional(v.array(v.number())),
    }),
  }),
]);

export const rowSummary = v.object({
  id,
  /** 0-based position in the version. */
  index: v.number(),
  line: v.number(),
  /** First user text, shortened. */
  title: v.string(),
  turns: v.number(),
  characters: v.number(),
  verdict,
  edited: v.boolean(),
});
export type RowSummary = v.InferOutput<typeof rowSummary>;

export const badRow = v.object({
  line: v.number(),
  code: v.string(),
  reason: v.string(),
  remedy: v.nullable(v.string()),
  /** The raw text, shortened for display; the whole is kept. */
  raw: v.string(),
});
export type BadRow = v.InferOutput<typeof badRow>;

export const rowDetail = v.object({
  id,
  index: v.number(),
  line: v.number(),
  raw: v.string(),
  /** With edits applied. A turn that was rejected has weight 0. */
  row: parsedRow,
  original: parsedRow,
  verdict,
  /** One a message: verdict of the turn. */
  turnVerdicts: v.array(verdict),
  editedMessages: v.array(v.number()),
  history: v.array(v.object({ id: v.number(), at: timestamp, what: v.string(), messageIndex: v.nullable(v.number()) })),
  canUndo: v.boolean(),
});
export type RowDetail = v.InferOutput<typeof rowDetail>;

const rowKey = { versionId: id, rowId: id };

export const datasetsContract = {
  list: read.input(empty).output(v.array(datasetSummary)),
  get: read
    .input(v.object({ datasetId: id }))
    .output(v.object({ ...datasetSummary.entries, versions: v.array(datasetVersion) })),
  /**
   * Starts the import; progress comes through `system.jobs`. The file is never changed. A folder, an .arrow or a .parquet file is
   * read as a set that another trainer prepared.
   */
  import: procedure
    .input(
      v.object({
        files: v.array(path),
        name: v.string(),
        limit: v.optional(v.number()),
        format: v.optional(v.string()),
        /** Model folder whose tokenizer spells out the titles of rows that are token ids. */
        tokenizer: v.optional(path),
      }),
    )
    .output(v.object({ jobId: id })),
  rename: procedure.input(v.object({ datasetId: id, name: v.string() })).output(datasetSummary),
  remove: procedure.input(v.object({ datasetId: id })).output(v.object({})),
  rows: read
    .input(
      v.object({
        versionId: id,
        ...page,
        search: v.optional(v.string()),
        verdict: v.optional(verdict),
        /** Only these positions. */
        indexes: v.optional(v.array(v.number())),
        /** Only rows of a class of a proof's findings, all of them. */
        finding: v.optional(v.object({ proofId: id, class: v.string() })),
      }),
    )
    .output(v.object({ total: v.number(), rows: v.array(rowSummary) })),
  badRows: read
    .input(v.object({ versionId: id, ...page }))
    .output(v.object({ total: v.number(), rows: v.array(badRow) })),
  row: read.input(v.object(rowKey)).output(rowDetail),
  /** Accept or reject the whole row (no messageIndex) or one turn. */
  setVerdict: procedure.input(v.object({ ...rowKey, verdict, messageIndex: v.optional(v.number()) })).output(rowDetail),
  /** Rejects every row of a class of findings; answers those that were not rejected before. */
  rejectFinding: procedure
    .input(v.object({ versionId: id, finding: v.object({ proofId: id, class: v.string() }) }))
    .output(v.object({ rowIds: v.array(id) })),
  /** Takes back the last decision about each of these rows. */
  undoRows: procedure.input(v.object({ versionId: id, rowIds: v.array(id) })).output(v.object({})),
  editMessage: procedure
    .input(v.object({ ...rowKey, messageIndex: v.number(), content: v.string() }))
    .output(rowDetail),
  /** Gives characters of a message's text a weight of 0…2; 1 takes the paint off. Painted spans follow later edits. */
  paintMessage: procedure
    .input(v.object({ ...rowKey, messageIndex: v.number(), ...weightSpan.entries }))
    .output(rowDetail),
  /** Takes back the last verdict, edit or paint of this row. */
  undo: procedure.input(v.object(rowKey)).output(rowDetail),
};
