import * as v from "valibot";
import { errorReport } from "../contract/common.ts";
import { arrangementResult } from "../contract/setup.ts";

/**
 * What core and worker say to each other over the child process's IPC channel (JSON).
 * The worker never touches the database: every event carries a sequence number, core records it and acknowledges.
 * A core that hears nothing for HEARTBEAT_TIMEOUT_MS between events treats the worker as hung only if its process is gone:
 * one engine step may block the worker for minutes.
 */
export const WORKER_PROTOCOL = 1;
export const HEARTBEAT_INTERVAL_MS = 2000;

/** What the saved model must carry so that serving sees what training saw. */
export const servingTemplate = v.object({
  /** Jinja text saved as the model's chat template (for a preset: its Jinja twin). */
  source: v.nullable(v.string()),
  name: v.string(),
  hash: v.string(),
  /** Default system text that the template adds, where it is known. */
  defaultSystem: v.nullable(v.string()),
  /** Ids at which generation stops: the trained end-of-turn token first. */
  stopIds: v.array(v.number()),
  endOfTurn: v.nullable(v.string()),
  /** The token for padding that a form names; left out: the model's own. */
  pad: v.exactOptional(v.object({ text: v.string(), id: v.number() })),
});
export type ServingTemplate = v.InferOutput<typeof servingTemplate>;

export const trainJob = v.object({
  kind: v.literal("train"),
  protocol: v.literal(WORKER_PROTOCOL),
  runId: v.string(),
  outputDir: v.string(),
  modelDir: v.string(),
  adapterDir: v.nullable(v.string()),
  trainSnapshot: v.string(),
  evalSnapshot: v.nullable(v.string()),
  /** Checkpoint folder to go on from. */
  resumeFrom: v.nullable(v.string()),
  /** Resolved run configuration (src-shared/config), every key present. */
  config: v.record(v.string(), v.unknown()),
  template: servingTemplate,
  /** Ids of `sample_prompts`, each rendered with the template and ready to be answered. */
  samplePrompts: v.exactOptional(v.array(v.array(v.number()))),
  /** Model, data and template hashes and versions, written into each checkpoint's manifest and compared on resume. */
  pins: v.record(v.string(), v.string()),
  /** The first training row, for the log: ids with labels (unshifted). */
  threads: v.number(),
});
export type TrainJob = v.InferOutput<typeof trainJob>;

/** A worker that answers chat requests until its channel closes. */
export const chatJob = v.object({
  kind: v.literal("chat"),
  protocol: v.literal(WORKER_PROTOCOL),
  modelDir: v.string(),
  adapterDir: v.nullable(v.string()),
  threads: v.number(),
});
export type ChatJob = v.InferOutput<typeof chatJob>;

/** A worker that says whether rows laid end to end have the losses that they have alone, then ends. Forward passes only. */
export const layoutJob = v.object({
  kind: v.literal("layout"),
  protocol: v.literal(WORKER_PROTOCOL),
  modelDir: v.string(),
  snapshot: v.string(),
  /** Rows of the snapshot, pack by pack. */
  packs: v.array(v.array(v.number())),
  /** Given: loss and gradients of all rows in every layout instead, with this run configuration's method. */
  setup: v.exactOptional(v.object({ config: v.record(v.string(), v.unknown()), adapterDir: v.nullable(v.string()) })),
  threads: v.number(),
});
export type LayoutJob = v.InferOutput<typeof layoutJob>;

/** A worker that makes a few steps of a run without keeping them, to say what the run will take, then ends. */
export const measureJob = v.object({
  kind: v.literal("measure"),
  protocol: v.literal(WORKER_PROTOCOL),
  modelDir: v.string(),
  adapterDir: v.nullable(v.string()),
  snapshot: v.string(),
  /** Rows of the snapshot, micro-batch by micro-batch; the largest that the run will have comes first. */
  units: v.array(v.array(v.number())),
  /** Resolved run configuration, every key present. */
  config: v.record(v.string(), v.unknown()),
  threads: v.number(),
});
export type MeasureJob = v.InferOutput<typeof measureJob>;

/** A worker that writes a model's weights anew with rows for new tokens, then ends. */
export const extendJob = v.object({
  kind: v.literal("extend"),
  protocol: v.literal(WORKER_PROTOCOL),
  /** The model's safetensors files. */
  files: v.array(v.string()),
  targetDir: v.string(),
  /** Of the embedding, as it is to be. */
  rows: v.number(),
  /** Those that stand for tokens so far: their mean is what new ones begin as. */
  knownRows: v.number(),
  newRows: v.array(v.number()),
});
export type ExtendJob = v.InferOutput<typeof extendJob>;

export const generateRequest = v.object({
  type: v.literal("generate"),
  requestId: v.string(),
  promptIds: v.array(v.number()),
  stopIds: v.array(v.number()),
  maxNewTokens: v.number(),
  /** 0 is greedy. */
  temperature: v.number(),
  topP: v.number(),
  seed: v.number(),
});
export type GenerateRequest = v.InferOutput<typeof generateRequest>;

/**
 * stop "save": finish the step, write a checkpoint, end as stopped. "discard": end at the next step without one.
 * save: write a checkpoint after the step in progress and go on. pause: wait before the next step (core cannot write its
 * record) until resume, which also makes a run that waits for disk space try again at once.
 */
export const coreMessage = v.variant("type", [
  v.object({ type: v.literal("job"), job: v.variant("kind", [trainJob, chatJob, layoutJob, measureJob, extendJob]) }),
  v.object({ type: v.literal("stop"), mode: v.picklist(["save", "discard"]) }),
  v.object({ type: v.literal("save") }),
  v.object({ type: v.literal("pause") }),
  v.object({ type: v.literal("resume") }),
  v.object({ type: v.literal("ack"), sequence: v.number() }),
  generateRequest,
  v.object({ type: v.literal("cancel-generate"), requestId: v.string() }),
  v.object({ type: v.literal("shutdown") }),
]);
export type CoreMessage = v.InferOutput<typeof coreMessage>;

export const RUN_PHASES = ["loading", "compiling", "training", "evaluating", "sampling", "saving", "paused"] as const;

export const stepMetrics = v.object({
  type: v.literal("step"),
  /** 1-based number of finished optimizer steps. */
  step: v.number(),
  epoch: v.number(),
  loss: v.number(),
  /** Before clipping. */
  gradNorm: v.number(),
  /** Used in this step. */
  learningRate: v.number(),
  /** Of this step, counted after the shift. */
  tokens: v.number(),
  supervisedTokens: v.number(),
  stepSeconds: v.number(),
  peakMemoryBytes: v.number(),
  /** Floating point operations of the step's matrix products, and the seconds of the step in which rows were read and laid out. */
  flops: v.exactOptional(v.number()),
  dataSeconds: v.exactOptional(v.number()),
});
export type StepMetrics = v.InferOutput<typeof stepMetrics>;

/** A step whose loss or gradient was not a finite number: it changed nothing. */
export const skippedStep = v.object({
  type: v.literal("skipped"),
  step: v.number(),
  epoch: v.number(),
  learningRate: v.number(),
  what: v.picklist(["loss", "gradient"]),
  /** Of the data, by their index there; the first hundred. */
  rows: v.array(v.number()),
  /** Steps in a row that were skipped, this one included. */
  inARow: v.number(),
});
export type SkippedStep = v.InferOutput<typeof skippedStep>;

export const workerEvent = v.variant("type", [
  v.object({
    type: v.literal("started"),
    pid: v.number(),
    engine: v.string(),
    device: v.string(),
    precision: v.string(),
    threads: v.number(),
    versions: v.record(v.string(), v.string()),
  }),
  /** The fastest float32 matrix product of this machine, measured when the run began; operations a second. */
  v.object({ type: v.literal("peak"), flopsPerSecond: v.number() }),
  v.object({ type: v.literal("phase"), phase: v.picklist(RUN_PHASES) }),
  v.object({
    type: v.literal("totals"),
    totalParameters: v.number(),
    trainableParameters: v.number(),
    totalSteps: v.number(),
    stepsPerEpoch: v.number(),
    /** Steps that a resumed run had already finished. */
    startStep: v.number(),
    trainRows: v.number(),
    evalRows: v.number(),
  }),
  stepMetrics,
  skippedStep,
  v.object({
    type: v.literal("evaluation"),
    step: v.number(),
    evalLoss: v.number(),
    supervisedTokens: v.number(),
    /** The smallest loss so far. */
    best: v.exactOptional(v.boolean()),
  }),
  /** The answer to one of `sample_prompts`; core adds the text. */
  v.object({
    type: v.literal("sample"),
    step: v.number(),
    prompt: v.number(),
    ids: v.array(v.number()),
    stopped: v.boolean(),
    text: v.exactOptional(v.string()),
  }),
  /** The run waits: `disk-full` until the space is there. */
  v.object({
    type: v.literal("paused"),
    step: v.number(),
    reason: v.picklist(["disk-full", "record"]),
    path: v.string(),
    /** Null where they are not known. */
    neededBytes: v.nullable(v.number()),
    freeBytes: v.nullable(v.number()),
  }),
  v.object({ type: v.literal("continued"), step: v.number() }),
  v.object({
    type: v.literal("checkpoint"),
    step: v.number(),
    path: v.string(),
    bytes: v.number(),
    final: v.boolean(),
    /** Checkpoint folders removed by save_total_limit. */
    removed: v.array(v.string()),
  }),
  v.object({ type: v.literal("log"), level: v.picklist(["debug", "info", "warning", "error"]), message: v.string() }),
  v.object({ type: v.literal("heartbeat"), rssBytes: v.number() }),
  v.object({ type: v.literal("ready") }),
  v.object({ type: v.literal("token"), requestId: v.string(), id: v.number() }),
  v.object({
    type: v.literal("generated"),
    requestId: v.string(),
    ids: v.array(v.number()),
    /** True: the model produced a stop id by itself; false: the length limit or a cancel ended it. */
    stopped: v.boolean(),
    seconds: v.number(),
  }),
  v.object({ type: v.literal("generate-failed"), requestId: v.string(), error: errorReport }),
  v.object({ type: v.literal("arrangement"), ...arrangementResult.entries }),
  /** Bytes by which the weights grew. */
  v.object({ type: v.literal("extended"), bytes: v.number() }),
  /** A pack's sum of weight × token loss, and that of its rows one at a time. */
  v.object({
    type: v.literal("pack-losses"),
    pack: v.number(),
    packed: v.number(),
    separate: v.number(),
    weightSum: v.number(),
  }),
  /** What a `measure` job found. Seconds and bytes; `checkpointBytes` with the optimizer's state. */
  v.object({
    type: v.literal("measured"),
    /** Reading the model and compiling. */
    loadSeconds: v.number(),
    /** In order; the first was the largest, and warmed up. */
    steps: v.array(v.object({ tokens: v.number(), flops: v.number(), seconds: v.number() })),
    evaluation: v.object({ tokens: v.number(), seconds: v.number() }),
    peakMemoryBytes: v.number(),
    checkpointBytes: v.number(),
    resultBytes: v.number(),
  }),
  v.object({
    type: v.literal("done"),
    step: v.number(),
    outcome: v.picklist(["done", "stopped"]),
    /** Set where early stopping ended the run. */
    endedEarly: v.exactOptional(v.boolean()),
    /** The step whose weights are the result, where that is not the last. */
    bestStep: v.exactOptional(v.number()),
  }),
  v.object({ type: v.literal("failed"), error: errorReport }),
]);
export type WorkerEvent = v.InferOutput<typeof workerEvent>;

export const workerMessage = v.object({ sequence: v.number(), time: v.number(), event: workerEvent });
export type WorkerMessage = v.InferOutput<typeof workerMessage>;
