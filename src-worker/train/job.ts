import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseRunConfig, planSteps, type RunConfig, type StepPlan } from "#shared/config/index.ts";
import { formatError, SiftError, toErrorReport } from "#shared/errors.ts";
import { CHECKPOINT_MANIFEST } from "#shared/formats/checkpoint.ts";
import type { TrainJob, WorkerEvent } from "#shared/worker/protocol.ts";
import { Best } from "./best.ts";
import { openCheckpoint, openNewestCheckpoint, removeUnfinished, type OpenedCheckpoint } from "./checkpoints.ts";
import type { RunControl } from "./control.ts";
import { diskError } from "./files.ts";
import { History } from "./history.ts";
import { TrainLog } from "./log.ts";
import { trainLoop, type LoopEnd, type Run } from "./loop.ts";
import { describeFailure } from "../failure.ts";
import { announce } from "./announce.ts";
import { Reporter } from "./reporter.ts";
import { restoreBest } from "./restore.ts";
import { consecutiveBlocks, Sampler } from "./sampler.ts";
import { Samples } from "./samples.ts";
import { makeSaver, type Saver } from "./save.ts";
import { Skips } from "./skips.ts";
import { Snapshot } from "./snapshot.ts";
import { Trainer } from "./trainer.ts";

export interface JobControl {
  readonly send: (event: WorkerEvent) => void;
  readonly control: RunControl;
}

/** Runs a training job to its end, stop or error; the last event but `failed` is `done`. */
export async function runTrainJob(job: TrainJob, control: JobControl): Promise<"done" | "stopped"> {
  const config = parseRunConfig(job.config);
  const log = prepareOutput(job, config, control);
  const opened: { close(): void | Promise<void> }[] = [];
  try {
    control.send({ type: "phase", phase: "loading" });
    const data = await openSnapshot(job.trainSnapshot, opened);
    const held = job.evalSnapshot === null ? null : await openSnapshot(job.evalSnapshot, opened);
    const resumed = await openResumed(job, config);
    const run = await openRun({ job, config, log, control, data, held, resumed }, opened);
    return await finish(run, await trainLoop(run, resumed?.manifest.step ?? 0));
  } catch (error) {
    logFailure(log, error);
    throw error;
  } finally {
    for (const resource of opened.reverse()) await resource.close();
  }
}

/** Saves the result of a run that was not stopped, and says how it ended. */
async function finish(run: Run & Saver, { step, how }: LoopEnd): Promise<"done" | "stopped"> {
  const bestStep = how === "stopped" ? undefined : await restoreBest(run, step);
  const outcome = how !== "stopped" && (await run.saveFinal(step)) ? "done" : "stopped";
  run.send({
    type: "done",
    step,
    outcome,
    ...(how === "early-stopping" ? { endedEarly: true } : {}),
    ...(bestStep === undefined ? {} : { bestStep }),
  });
  return outcome;
}

/** A checkpoint that was asked for by name is that one or none; else an older one stands in for one that is damaged. */
async function openResumed(job: TrainJob, config: RunConfig): Promise<OpenedCheckpoint | null> {
  if (job.resumeFrom === null) return null;
  const open = config.resume_from_checkpoint === null ? openNewestCheckpoint : openCheckpoint;
  return open(job.resumeFrom, { config: job.config, pins: job.pins });
}

function logFailure(log: TrainLog, error: unknown): void {
  try {
    log.write("error", "sift.train", formatError(toErrorReport(describeFailure(error))));
  } catch {
    // a full disk: the event tells the reason
  }
}

/** The output folder, without what a killed worker left half written; a finished run's manifest goes when it is trained anew. */
function prepareOutput(job: TrainJob, config: RunConfig, control: JobControl): TrainLog {
  try {
    mkdirSync(job.outputDir, { recursive: true });
    removeUnfinished(job.outputDir);
    rmSync(join(job.outputDir, CHECKPOINT_MANIFEST), { force: true });
    const sink = (level: "debug" | "info" | "warning" | "error", message: string) =>
      control.send({ type: "log", level, message });
    return new TrainLog(join(job.outputDir, "train.log"), config.log_level, sink);
  } catch (error) {
    throw diskError(error, job.outputDir);
  }
}

async function openSnapshot(path: string, opened: { close(): void | Promise<void> }[]): Promise<Snapshot> {
  const snapshot = await Snapshot.open(path);
  opened.push(snapshot);
  return snapshot;
}

interface Parts {
  readonly job: TrainJob;
  readonly config: RunConfig;
  readonly log: TrainLog;
  readonly control: JobControl;
  readonly data: Snapshot;
  readonly held: Snapshot | null;
  readonly resumed: OpenedCheckpoint | null;
}

async function openRun(parts: Parts, opened: { close(): void | Promise<void> }[]): Promise<Run & Saver> {
  const { job, config, log, control, data, held, resumed } = parts;
  const lengths = Array.from({ length: data.rows }, (_, row) => data.rowLength(row));
  const sampler = new Sampler(lengths, {
    packing: config.packing,
    maxLength: config.max_length,
    shuffle: config.shuffle,
    seed: config.seed,
    batchSize: config.per_device_train_batch_size,
    accumulation: config.gradient_accumulation_steps,
  });
  const plan = planSteps(sampler.units.length, config);
  if (resumed) requireNoShorter(plan, resumed);
  const trainer = await Trainer.open(config, {
    ...job,
    resume: resumed && {
      path: resumed.path,
      step: resumed.manifest.step,
      updates: resumed.manifest.updates ?? resumed.manifest.step,
    },
  });
  opened.push({ close: () => trainer.dispose() });
  const history = new History(resumed ?? undefined);
  const best = new Best({ ...config, output_dir: job.outputDir }, resumed?.state);
  const skips = new Skips(resumed?.manifest.skippedInARow);
  const saver = makeSaver({ job, config, plan, trainer, history, best, skips, log, ...control });
  const evaluation = held && { data: held, blocks: evaluationBlocks(held, evaluationLength(sampler, lengths, config)) };
  const reporter = new Reporter(job.outputDir, config.report_to);
  const samples = openSamples(parts, trainer);
  opened.push({ close: () => samples.dispose() });
  const { outputDir } = job;
  const holds = { config, plan, trainer, sampler, data, evaluation, samples, best, skips, history, log, reporter };
  const run = { ...holds, ...control, ...saver, outputDir };
  announce({ run, job, resumed });
  if (trainer.parameters.total >= WORTH_PEAK) {
    control.send({ type: "peak", flopsPerSecond: await trainer.matmulPeak() });
  }
  return run;
}

/** Parameters from which a step's share of the machine's peak says anything. */
const WORTH_PEAK = 10_000_000;

const openSamples = ({ job, config, control }: Parts, trainer: Trainer): Samples =>
  new Samples({
    job,
    config,
    openGenerator: () => trainer.generator(),
    cancelled: () => control.control.stopMode !== undefined,
  });

/** A run can be extended; made shorter, its schedule would have been another from the start. */
function requireNoShorter(plan: StepPlan, { manifest, path }: OpenedCheckpoint): void {
  if (plan.totalSteps >= manifest.totalSteps) return;
  throw new SiftError(
    "resume-differs",
    `the run was planned with ${manifest.totalSteps} steps and would now end after ${plan.totalSteps}`,
    { where: { file: path, what: "max_steps" }, remedy: "Keep num_train_epochs and max_steps, or make them larger" },
  );
}

/** Held-out rows in file order, in blocks no larger than the largest micro-batch, so that evaluating never needs more memory. */
function evaluationBlocks(held: Snapshot, blockTokens: number): readonly (readonly number[])[] {
  const lengths = Array.from({ length: held.rows }, (_, row) => held.rowLength(row));
  return consecutiveBlocks(lengths, blockTokens);
}

function evaluationLength(sampler: Sampler, lengths: readonly number[], config: RunConfig): number {
  if (config.packing) return config.max_length;
  const longest = sampler.units.reduce((most, [row = 0]) => Math.max(most, lengths[row] ?? 0), 1);
  return longest * config.per_device_train_batch_size;
}
