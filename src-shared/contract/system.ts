import { eventIterator } from "@orpc/contract";
import * as v from "valibot";
import { empty, errorReport, id, path, procedure, read, timestamp } from "./common.ts";

export const deviceInfo = v.object({
  name: v.string(),
  cores: v.number(),
  memoryBytes: v.number(),
  freeMemoryBytes: v.number(),
  freeDiskBytes: v.number(),
  engine: v.string(),
  device: v.string(),
});

export const systemInfo = v.object({
  version: v.string(),
  home: v.string(),
  /** True in the desktop window, false in a browser. */
  desktop: v.boolean(),
  device: deviceInfo,
});
export type SystemInfo = v.InferOutput<typeof systemInfo>;

/** Long work in core (import, proof, sample set-up) is a job: it goes on when its caller goes away. */
export const JOB_KINDS = ["import", "proof", "sample", "compare", "export"] as const;
export const job = v.object({
  id,
  kind: v.picklist(JOB_KINDS),
  title: v.string(),
  state: v.picklist(["running", "done", "failed", "cancelled"]),
  /** Units done and in total: bytes for an import, rows for a proof. */
  done: v.number(),
  total: v.nullable(v.number()),
  rows: v.number(),
  badRows: v.number(),
  startedAt: timestamp,
  /** The dataset that an import made, or the proof's id. */
  resultId: v.nullable(id),
  error: v.nullable(errorReport),
});
export type Job = v.InferOutput<typeof job>;

/** What changed, so that views refetch; never the data itself. */
export const appEvent = v.variant("type", [
  v.object({ type: v.literal("datasets") }),
  v.object({ type: v.literal("runs"), runId: id }),
  v.object({ type: v.literal("models") }),
  v.object({ type: v.literal("templates") }),
  v.object({ type: v.literal("settings") }),
  v.object({ type: v.literal("proofs") }),
  v.object({ type: v.literal("job"), job }),
]);
export type AppEvent = v.InferOutput<typeof appEvent>;

export const fileEntry = v.object({
  name: v.string(),
  path: v.string(),
  kind: v.picklist(["folder", "file"]),
  bytes: v.nullable(v.number()),
  /** True when the folder holds a config.json: a model can be picked here. */
  isModel: v.boolean(),
  /** True when the folder is a dataset of `save_to_disk`: it is picked as a whole. */
  isDataset: v.boolean(),
});
export type FileEntry = v.InferOutput<typeof fileEntry>;

export const folderListing = v.object({ path, parent: v.nullable(path), entries: v.array(fileEntry) });
export type FolderListing = v.InferOutput<typeof folderListing>;

export const settings = v.object({
  language: v.picklist(["system", "en", "zh"]),
  theme: v.picklist(["system", "light", "dark"]),
  /** Set when the first-run welcome was dismissed. */
  welcomed: v.boolean(),
  /** Threads that a run may use at most; null: one for each core. */
  threads: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1))),
});
export type Settings = v.InferOutput<typeof settings>;

/** Size of one upload chunk before base64. */
export const UPLOAD_CHUNK_BYTES = 1 << 20;

export const systemContract = {
  info: read.input(empty).output(systemInfo),
  /** Every change from now on; first an event for each running job. */
  events: procedure.input(empty).output(eventIterator(appEvent)),
  settings: {
    get: read.input(empty).output(settings),
    put: procedure.input(v.partial(settings)).output(settings),
  },
  jobs: {
    list: read.input(empty).output(v.array(job)),
    watch: procedure.input(v.object({ jobId: id })).output(eventIterator(job)),
    cancel: procedure.input(v.object({ jobId: id })).output(job),
  },
  /** The picker that works in a browser: folders and files of the machine that core runs on. */
  files: {
    roots: read.input(empty).output(v.array(fileEntry)),
    list: read
      .input(v.object({ path, show: v.picklist(["folders", "data", "templates", "prepared"]) }))
      .output(folderListing),
    /** A file dropped into a browser: begun, sent in chunks, finished; kept in the data home. */
    uploadBegin: procedure.input(v.object({ name: v.string(), bytes: v.number() })).output(v.object({ uploadId: id })),
    uploadChunk: procedure
      .input(v.object({ uploadId: id, offset: v.number(), base64: v.string() }))
      .output(v.object({ received: v.number() })),
    uploadFinish: procedure.input(v.object({ uploadId: id })).output(v.object({ path })),
    uploadCancel: procedure.input(v.object({ uploadId: id })).output(v.object({})),
  },
  sample: {
    /** Imports the sample conversations and registers the sample model where that has not happened yet. */
    open: procedure
      .input(empty)
      .output(v.object({ datasetId: id, versionId: id, modelPath: path, template: v.string() })),
  },
};
