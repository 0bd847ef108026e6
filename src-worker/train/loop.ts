import { setImmediate } from "node:timers/promises";
import type { RunConfig, StepPlan } from "#shared/config/index.ts";
import type { WorkerEvent } from "#shared/worker/protocol.ts";
import type { Best } from "./best.ts";
import type { RunControl, StopMode } from "./control.ts";
import { writePatiently, type DiskPauses } from "./disk.ts";
import { evaluate } from "./evaluate.ts";
import type { History } from "./history.ts";
import type { TrainLog } from "./log.ts";
import { takeStep } from "./one-step.ts";
import type { Reporter } from "./reporter.ts";
import type { Samples } from "./samples.ts";
import type { BatchUnit, Sampler } from "./sampler.ts";
import type { Skips } from "./skips.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Trainer } from "./trainer.ts";

/** Everything that a run in progress holds. */
export interface Run extends DiskPauses {
  readonly config: RunConfig;
  readonly plan: StepPlan;
  readonly trainer: Trainer;
  readonly sampler: Sampler;
  readonly data: Snapshot;
  /** Null where nothing is held out. */
  readonly evaluation: { readonly data: Snapshot; readonly blocks: readonly BatchUnit[] } | null;
  readonly samples: Samples;
  readonly best: Best;
  readonly skips: Skips;
  readonly history: History;
  readonly log: TrainLog;
  readonly reporter: Reporter;
  readonly send: (event: WorkerEvent) => void;
  readonly control: RunControl;
  readonly saveCheckpoint: (step: number) => Promise<void>;
}

/** How a loop ended, after `step` finished steps. */
export interface LoopEnd {
  readonly step: number;
  readonly how: "all-steps" | "stopped" | "early-stopping";
}

/** Trains from `startStep` (finished steps) to the end. */
export async function trainLoop(run: Run, startStep: number): Promise<LoopEnd> {
  run.send({ type: "phase", phase: "training" });
  for (let step = startStep; step < run.plan.totalSteps; step++) {
    await setImmediate(); // messages are delivered between steps
    await settle(run, step);
    const mode = run.control.stopMode;
    if (mode !== undefined) return stop(run, step, mode);
    if (run.control.takeSave() && step > 0) await run.saveCheckpoint(step);
    await takeStep(run, step);
    if (await afterStep(run, step + 1)) return endEarly(run, step + 1);
  }
  return { step: run.plan.totalSteps, how: "all-steps" };
}

/** Waits while core cannot record, and while a full disk keeps the log or the curves from being written. */
async function settle(run: Run, step: number): Promise<void> {
  const { control, log, reporter } = run;
  if (control.paused) await control.wait(0, () => !control.paused);
  if (log.settled && reporter.settled) return;
  const write = (): void => {
    log.requireWritten();
    reporter.requireWritten();
  };
  await writePatiently(run, { step, neededBytes: null, write });
  run.send({ type: "phase", phase: "training" });
}

async function stop(run: Run, step: number, mode: StopMode): Promise<LoopEnd> {
  run.log.write("info", "sift.train", `Stopped after step ${step} of ${run.plan.totalSteps}`);
  if (mode === "save" && step > 0) await run.saveCheckpoint(step);
  return { step, how: "stopped" };
}

function endEarly(run: Run, step: number): LoopEnd {
  const patience = run.config.early_stopping_patience ?? 0;
  const best = run.best.step === null ? "" : `; the best was step ${run.best.step}`;
  const message = `Stopping early after step ${step} of ${run.plan.totalSteps}: no better evaluation in the last ${patience}${best}`;
  run.log.write("info", "sift.train", message);
  return { step, how: "early-stopping" };
}

/** Evaluates and saves what is due. A new best evaluation is saved at once where the best model is the result. */
async function afterStep(run: Run, step: number): Promise<boolean> {
  const last = step === run.plan.totalSteps;
  const due = (every: number | null): boolean => last || step % (every ?? run.plan.stepsPerEpoch) === 0;
  const measures = run.evaluation !== null || run.samples.count > 0;
  const { best, enough } =
    measures && due(run.config.eval_steps) ? await evaluate(run, step) : { best: false, enough: false };
  const keep = best && run.config.load_best_model_at_end;
  const save = due(run.config.save_steps) || keep || enough;
  if (save && run.control.stopMode !== "discard") await run.saveCheckpoint(step);
  return enough && !last;
}
