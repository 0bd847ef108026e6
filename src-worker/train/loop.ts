import { setImmediate } from "node:timers/promises";
import { learningRateFactor, type RunConfig, type StepPlan } from "#shared/config/index.ts";
import { SiftError } from "#shared/errors.ts";
import type { StepMetrics, WorkerEvent } from "#shared/worker/protocol.ts";
import { layRows, type CountedBatch } from "./batches.ts";
import type { History } from "./history.ts";
import type { TrainLog } from "./log.ts";
import { peakMemoryBytes } from "./memory.ts";
import type { Reporter } from "./reporter.ts";
import type { BatchUnit, Sampler } from "./sampler.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Trainer } from "./trainer.ts";

/** How the run was asked to end before its time. */
export type StopMode = "save" | "discard";

/** Everything that a run in progress holds. */
export interface Run {
  readonly config: RunConfig;
  readonly plan: StepPlan;
  readonly trainer: Trainer;
  readonly sampler: Sampler;
  readonly data: Snapshot;
  /** Null where nothing is held out. */
  readonly evaluation: { readonly data: Snapshot; readonly blocks: readonly BatchUnit[] } | null;
  readonly history: History;
  readonly log: TrainLog;
  readonly reporter: Reporter;
  readonly send: (event: WorkerEvent) => void;
  /** Looked at between steps. */
  readonly stopMode: () => StopMode | undefined;
  readonly saveCheckpoint: (step: number) => Promise<void>;
}

/** Trains from `startStep` (finished steps) to the end; resolves with the finished steps and whether it was stopped. */
export async function trainLoop(run: Run, startStep: number): Promise<{ step: number; stopped: boolean }> {
  run.send({ type: "phase", phase: "training" });
  for (let step = startStep; step < run.plan.totalSteps; step++) {
    await setImmediate(); // messages are delivered between steps
    const mode = run.stopMode();
    if (mode !== undefined) return stop(run, step, mode);
    recordStep(run, await trainStep(run, step));
    await afterStep(run, step + 1);
  }
  return { step: run.plan.totalSteps, stopped: false };
}

async function stop(run: Run, step: number, mode: StopMode): Promise<{ step: number; stopped: boolean }> {
  run.log.write("info", "sift.train", `Stopped after step ${step} of ${run.plan.totalSteps}`);
  if (mode === "save" && step > 0) await run.saveCheckpoint(step);
  return { step, stopped: true };
}

async function trainStep(run: Run, step: number): Promise<StepMetrics> {
  const { config, plan, sampler, trainer } = run;
  const started = performance.now();
  const batches = sampler.step(step).microBatches.map((rows) => layRows(run.data, rows));
  const learningRate = config.learning_rate * learningRateFactor(step, config, plan);
  const { loss, gradNorm } = await trainer.step(
    batches.map(({ batch }) => batch),
    learningRate,
  );
  const stepSeconds = (performance.now() - started) / 1000;
  if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) throw notFinite(step, loss, config);
  const total = (count: (batch: CountedBatch) => number) => batches.reduce((sum, batch) => sum + count(batch), 0);
  return {
    type: "step",
    step: step + 1,
    epoch: (step + 1) / plan.stepsPerEpoch,
    loss,
    gradNorm,
    learningRate,
    tokens: total(({ batch }) => batch.ids.length),
    supervisedTokens: total((batch) => batch.supervisedTokens),
    stepSeconds,
    peakMemoryBytes: peakMemoryBytes(),
  };
}

function recordStep(run: Run, metrics: StepMetrics): void {
  run.send(metrics);
  const due = metrics.step % run.config.logging_steps === 0 || metrics.step === run.plan.totalSteps;
  const entry = run.history.addStep(metrics, due);
  if (!entry) return;
  run.log.detail("sift.train", `Step ${metrics.step}/${run.plan.totalSteps} ${JSON.stringify(entry)}`);
  const { loss, gradNorm, learningRate, epoch } = metrics;
  run.reporter.add(metrics.step, {
    "train/loss": loss,
    "train/grad_norm": gradNorm,
    "train/learning_rate": learningRate,
    "train/epoch": epoch,
  });
}

async function afterStep(run: Run, step: number): Promise<void> {
  const last = step === run.plan.totalSteps;
  const due = (every: number | null) => last || step % (every ?? run.plan.stepsPerEpoch) === 0;
  if (run.evaluation && due(run.config.eval_steps)) await evaluate(run, step);
  if (due(run.config.save_steps) && run.stopMode() !== "discard") await run.saveCheckpoint(step);
}

/** Mean loss of the scored tokens of all held-out rows, however they are batched. */
async function evaluate(run: Run, step: number): Promise<void> {
  if (!run.evaluation) return;
  run.send({ type: "phase", phase: "evaluating" });
  let [lossSum, weightSum, supervisedTokens] = [0, 0, 0];
  for (const block of run.evaluation.blocks) {
    if (run.stopMode() === "discard") break;
    const counted = layRows(run.evaluation.data, block);
    if (counted.supervisedTokens === 0) continue;
    const result = await run.trainer.evaluate(counted.batch);
    lossSum += result.lossSum;
    weightSum += result.weightSum;
    supervisedTokens += counted.supervisedTokens;
    await setImmediate();
  }
  const evalLoss = lossSum / weightSum;
  if (run.stopMode() !== "discard" && weightSum > 0) recordEvaluation(run, { step, evalLoss, supervisedTokens });
  run.send({ type: "phase", phase: "training" });
}

function recordEvaluation(run: Run, result: { step: number; evalLoss: number; supervisedTokens: number }): void {
  run.history.addEvaluation(result.step, result.evalLoss);
  run.send({ type: "evaluation", ...result });
  run.reporter.add(result.step, { "eval/loss": result.evalLoss });
  run.log.detail("sift.train", `Evaluation at step ${result.step}: eval_loss ${result.evalLoss}`);
}

function notFinite(step: number, loss: number, config: RunConfig): SiftError {
  const what = Number.isFinite(loss) ? "the gradient" : "the loss";
  return new SiftError(
    "not-finite",
    `${what} is no longer a finite number at step ${step + 1}: training has diverged`,
    {
      where: { what: "learning_rate" },
      remedy: `Lower learning_rate (now ${config.learning_rate}) and start again, or resume from the last checkpoint`,
    },
  );
}
