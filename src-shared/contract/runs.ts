import { eventIterator } from "@orpc/contract";
import * as v from "valibot";
import { empty, errorReport, id, path, procedure, read, timestamp } from "./common.ts";
import { setupCheck } from "./setup.ts";
import { forecast, room } from "./forecast.ts";
import { proof, templateChoice } from "./text.ts";
import { RUN_PHASES, workerEvent } from "../worker/protocol.ts";

export const RUN_STATES = ["queued", "running", "stopping", "stopped", "failed", "interrupted", "done"] as const;
export const runState = v.picklist(RUN_STATES);
export type RunState = v.InferOutput<typeof runState>;

export const configSource = v.picklist(["default", "file", "flag", "form"]);
export const configValue = v.union([v.string(), v.number(), v.boolean(), v.null(), v.array(v.string())]);
export type ConfigValue = v.InferOutput<typeof configValue>;

/** One resolved key, with where its value came from and why the default is what it is. */
export const configEntry = v.object({
  key: v.string(),
  value: configValue,
  source: configSource,
  defaultValue: configValue,
  reason: v.string(),
  /** Text, number, choice, … for the form. */
  type: v.picklist(["string", "path", "integer", "number", "boolean", "choice", "list"]),
  choices: v.array(v.string()),
  group: v.picklist(["main", "data", "method", "schedule", "optimizer", "evaluation", "output", "device"]),
});
export type ConfigEntry = v.InferOutput<typeof configEntry>;
export const configProblem = v.object({ key: v.string(), message: v.string(), remedy: v.nullable(v.string()) });

export const runSummary = v.object({
  id,
  name: v.string(),
  state: runState,
  createdAt: timestamp,
  startedAt: v.nullable(timestamp),
  endedAt: v.nullable(timestamp),
  datasetName: v.string(),
  modelName: v.string(),
  step: v.number(),
  totalSteps: v.nullable(v.number()),
  /** What a running one does at the moment. */
  phase: v.nullable(v.picklist(RUN_PHASES)),
  lastLoss: v.nullable(v.number()),
  evalLoss: v.nullable(v.number()),
  tokensPerSecond: v.nullable(v.number()),
  supervisedTokensPerSecond: v.nullable(v.number()),
  /** Null until it can be told. */
  secondsLeft: v.nullable(v.number()),
  /** Settings that differ from the defaults: key → value as text. */
  changed: v.record(v.string(), v.string()),
  /** Loss, at most 60 points. */
  sparkline: v.array(v.number()),
  /** One sentence: what it is doing, or why it ended. */
  sentence: v.string(),
  queuePosition: v.nullable(v.number()),
});
export type RunSummary = v.InferOutput<typeof runSummary>;

export const metricColumns = v.object({
  step: v.array(v.number()),
  epoch: v.array(v.number()),
  loss: v.array(v.number()),
  gradNorm: v.array(v.number()),
  learningRate: v.array(v.number()),
  tokens: v.array(v.number()),
  supervisedTokens: v.array(v.number()),
  stepSeconds: v.array(v.number()),
  evalStep: v.array(v.number()),
  evalLoss: v.array(v.number()),
});
export type MetricColumns = v.InferOutput<typeof metricColumns>;

/** A class of findings that was accepted for a run: how many rows the run has in it, and why, where that was said. */
export const waivedFinding = v.object({ class: v.string(), count: v.number(), reason: v.exactOptional(v.string()) });

/** Where the time of a run's steps went. */
export const runPerformance = v.object({
  /** Real tokens a second: those with a target and the others. */
  supervisedTokensPerSecond: v.number(),
  promptTokensPerSecond: v.number(),
  /** Positions that no row has: always 0, since rows are laid end to end. */
  paddingShare: v.number(),
  /** Share of the steps' seconds in which rows were read and laid out. */
  dataShare: v.nullable(v.number()),
  /** Of the matrix products, and of this machine's fastest one; null where they were not counted or measured. */
  flopsPerSecond: v.nullable(v.number()),
  peakFlopsPerSecond: v.nullable(v.number()),
});
export type RunPerformance = v.InferOutput<typeof runPerformance>;

export const runDetail = v.object({
  summary: runSummary,
  config: v.array(configEntry),
  /** Hashes and versions that pin the run. */
  pins: v.record(v.string(), v.string()),
  proof: v.nullable(proof),
  waived: v.array(waivedFinding),
  error: v.nullable(errorReport),
  outputDir: path,
  modelPath: path,
  versionId: v.nullable(id),
  template: templateChoice,
  checkpoints: v.array(
    v.object({
      step: v.number(),
      path,
      bytes: v.number(),
      final: v.boolean(),
      createdAt: timestamp,
      /** Of the smallest evaluation loss so far. */
      best: v.boolean(),
    }),
  ),
  machine: v.nullable(
    v.object({
      engine: v.string(),
      device: v.string(),
      precision: v.string(),
      threads: v.number(),
      totalParameters: v.nullable(v.number()),
      trainableParameters: v.nullable(v.number()),
    }),
  ),
  /** Steps that changed nothing because loss or gradient was not a finite number, with the rows in them. */
  skipped: v.array(v.object({ step: v.number(), what: v.picklist(["loss", "gradient"]), rows: v.array(v.number()) })),
  /** What it was expected to take, and what it took so far. */
  forecast: v.nullable(forecast),
  taken: v.object({ memoryBytes: v.nullable(v.number()), seconds: v.number(), diskBytes: v.number() }),
  /** Null before the first step. */
  performance: v.nullable(runPerformance),
  canResume: v.boolean(),
  /** It has a checkpoint from which more passes or steps can be made. */
  canExtend: v.boolean(),
  canChat: v.boolean(),
});
export type RunDetail = v.InferOutput<typeof runDetail>;

/** What the model in training answered to one of `sample_prompts`. */
export const runSample = v.object({
  step: v.number(),
  prompt: v.string(),
  /** Null where it could not be decoded. */
  text: v.nullable(v.string()),
  tokens: v.number(),
  /** It ended its answer by itself. */
  stopped: v.boolean(),
});
export type RunSample = v.InferOutput<typeof runSample>;

/** A recorded event with its sequence number in the run; the record is append-only. */
export const runEvent = v.object({
  sequence: v.number(),
  time: timestamp,
  event: v.variant("type", [
    ...workerEvent.options,
    v.object({ type: v.literal("state"), state: runState, sentence: v.string() }),
  ]),
});
export type RunEvent = v.InferOutput<typeof runEvent>;

const values = v.record(v.string(), configValue);

export const planPreview = v.object({
  entries: v.array(configEntry),
  problems: v.array(configProblem),
  yaml: v.string(),
  command: v.string(),
  rows: v.nullable(v.number()),
  evalRows: v.nullable(v.number()),
  steps: v.nullable(v.number()),
  /** Null while the configuration cannot be resolved, or the model's shape is not known. */
  forecast: v.nullable(forecast),
  room,
});
export type PlanPreview = v.InferOutput<typeof planPreview>;

const draft = v.object({
  versionId: id,
  modelPath: path,
  template: templateChoice,
  /** Keys of the run configuration set in the form; the rest are defaults. */
  values,
});

/** Values of one origin, as written there; core resolves them. A later layer wins. */
const configLayer = v.object({
  source: v.picklist(["file", "flag"]),
  values: v.record(v.string(), v.unknown()),
  /** Folder that relative paths count from. */
  baseDir: v.exactOptional(path),
  file: v.exactOptional(v.string()),
  /** 1-based line of each key in `file`. */
  lines: v.exactOptional(v.record(v.string(), v.number())),
});

export const comparison = v.object({
  runs: v.array(runSummary),
  /** One sentence: which is better on what, or why it cannot be said. */
  verdict: v.string(),
  comparable: v.boolean(),
  differences: v.array(
    v.object({
      kind: v.picklist(["data", "template", "mask", "model", "setting"]),
      key: v.string(),
      values: v.array(v.string()),
    }),
  ),
  metrics: v.array(metricColumns),
});
export type Comparison = v.InferOutput<typeof comparison>;

export const runsContract = {
  list: read.input(empty).output(v.array(runSummary)),
  get: read.input(v.object({ runId: id })).output(runDetail),
  /** Resolves a draft without starting it: every key with its source and reason, problems, the same as YAML and as a command. */
  plan: read.input(draft).output(planPreview),
  /** Whether loss and gradients of some rows depend on how a step lays them out. Ends when its caller goes away. */
  checkSetup: read.input(draft).output(setupCheck),
  /** Makes a few steps of a draft and throws them away; the plan then stands on them. Ends when its caller goes away. */
  measure: read.input(draft).output(v.object({})),
  /** Queues a run. Blocking findings must be waived by class, here or before (`waivers`), else the error names them. */
  start: procedure
    .input(v.object({ ...draft.entries, proofId: id, name: v.optional(v.string()), waive: v.array(v.string()) }))
    .output(v.object({ runId: id })),
  /**
   * Queues a run from a configuration (`sift train`): files are read where they lie, data sets and cached models are found by name.
   * A folder that holds a checkpoint of this run is resumed. Findings that block make the run fail, unless waived by class.
   */
  train: procedure
    .input(v.object({ layers: v.array(configLayer), waive: v.array(v.string()) }))
    .output(v.object({ runId: id, notices: v.array(configProblem) })),
  stop: procedure.input(v.object({ runId: id, save: v.boolean() })).output(runSummary),
  /** A run that has ended goes on from its last checkpoint; one that waits for disk space tries again at once. */
  resume: procedure.input(v.object({ runId: id })).output(runSummary),
  /** A checkpoint after the step in progress; the run goes on. */
  saveNow: procedure.input(v.object({ runId: id })).output(runSummary),
  /** A run that has ended goes on from its last checkpoint, to more passes or more steps than it was planned with. */
  extend: procedure
    .input(
      v.object({
        runId: id,
        epochs: v.exactOptional(v.pipe(v.number(), v.gtValue(0))),
        steps: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))),
      }),
    )
    .output(runSummary),
  samples: read.input(v.object({ runId: id })).output(v.array(runSample)),
  rename: procedure.input(v.object({ runId: id, name: v.string() })).output(runSummary),
  remove: procedure.input(v.object({ runId: id, deleteFiles: v.boolean() })).output(v.object({})),
  metrics: read.input(v.object({ runId: id })).output(metricColumns),
  /** The events after `afterSequence` (0: all), then live ones until the run has ended. */
  watch: procedure.input(v.object({ runId: id, afterSequence: v.number() })).output(eventIterator(runEvent)),
  log: read.input(v.object({ runId: id })).output(v.object({ text: v.string(), truncated: v.boolean() })),
  compare: read.input(v.object({ runIds: v.array(id) })).output(comparison),
};
