import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseRunConfig, planSteps, type RunConfig } from "#shared/config/index.ts";
import { formatError, toErrorReport } from "#shared/errors.ts";
import { CHECKPOINT_MANIFEST } from "#shared/formats/checkpoint.ts";
import type { TrainJob, WorkerEvent } from "#shared/worker/protocol.ts";
import { openCheckpoint, removeUnfinished, type OpenedCheckpoint } from "./checkpoints.ts";
import { diskError } from "./files.ts";
import { History } from "./history.ts";
import { TrainLog } from "./log.ts";
import { trainLoop, type Run, type StopMode } from "./loop.ts";
import { describeFailure } from "../failure.ts";
import { announce } from "./announce.ts";
import { Reporter } from "./reporter.ts";
import { consecutiveBlocks, Sampler } from "./sampler.ts";
import { makeSaver } from "./save.ts";
import { Snapshot } from "./snapshot.ts";
import { Trainer } from "./trainer.ts";

export interface JobControl {
  readonly send: (event: WorkerEvent) => void;
  readonly stopMode: () => StopMode | undefined;
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
    const resumed =
      job.resumeFrom === null ? null : await openCheckpoint(job.resumeFrom, { config: job.config, pins: job.pins });
    const run = await openRun({ job, config, log, control, data, held, resumed }, opened);
    const { step, stopped } = await trainLoop(run, resumed?.manifest.step ?? 0);
    if (!stopped) await run.saveFinal(step);
    const outcome = stopped ? "stopped" : "done";
    control.send({ type: "done", step, outcome });
    return outcome;
  } catch (error) {
    logFailure(log, error);
    throw error;
  } finally {
    for (const resource of opened.reverse()) await resource.close();
  }
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

async function openRun(
  parts: Parts,
  opened: { close(): void | Promise<void> }[],
): Promise<Run & { saveFinal: (step: number) => Promise<void> }> {
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
  const trainer = await Trainer.open(config, {
    ...job,
    resume: resumed && { path: resumed.path, step: resumed.manifest.step },
  });
  opened.push({ close: () => trainer.dispose() });
  const history = new History(resumed ?? undefined);
  const saver = makeSaver({ job, config, plan, trainer, history, log, send: control.send });
  const evaluation = held && { data: held, blocks: evaluationBlocks(held, evaluationLength(sampler, lengths, config)) };
  const reporter = new Reporter(job.outputDir, config.report_to);
  const run = { config, plan, trainer, sampler, data, evaluation, history, log, reporter, ...control, ...saver };
  announce({ run, job, resumed });
  return run;
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
