import { performanceOf, takenBy } from "./taken.ts";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { MadeModel } from "#shared/contract/models.ts";
import type { ConfigEntry, MetricColumns, RunDetail, RunSummary } from "#shared/contract/runs.ts";
import type { Checkpoint } from "../store/progress.ts";
import type { Store } from "../store/index.ts";
import type { Run } from "../store/runs.ts";
import { hasEnded } from "./journal.ts";
import { tokenRates } from "./speed.ts";

/** Points of a sparkline. */
const SPARKLINE_POINTS = 60;
/** Steps that a live speed is measured over. */
const RATE_STEPS = 30;
/** Keys that say where a run lies, not what it is. */
const PLACES: ReadonlySet<string> = new Set([
  "model_name_or_path",
  "train_files",
  "eval_files",
  "output_dir",
  "run_name",
  "project",
  "resume_from_checkpoint",
  "overwrite_output_dir",
]);

/** What is known about a run in progress only. */
export interface LiveFacts {
  readonly secondsLeft: number | null;
  /** Why it waits, where that could not be recorded. */
  readonly paused: string | undefined;
  readonly queuePosition: number | null;
}

const differsFromDefault = ({ value, defaultValue }: ConfigEntry): boolean =>
  JSON.stringify(value) !== JSON.stringify(defaultValue);

/** A value of the configuration as it is shown. */
export const configText = (value: ConfigEntry["value"]): string =>
  Array.isArray(value) ? value.join(", ") : value === null ? "–" : String(value);

export function runSummary(store: Store, run: Run, live: LiveFacts): RunSummary {
  const sparkline = store.progress.lossCurve(run.id, SPARKLINE_POINTS);
  const rates = tokenRates(store.progress.totals(run.id, hasEnded(run.state) ? 0 : run.step - RATE_STEPS));
  const changed = store.runs
    .config(run.id)
    .filter((entry) => entry.source !== "default" && !PLACES.has(entry.key) && differsFromDefault(entry))
    .map((entry) => [entry.key, configText(entry.value)]);
  return {
    id: run.id,
    name: run.name,
    state: run.state,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    datasetName: run.datasetName,
    modelName: run.modelName,
    step: run.step,
    totalSteps: run.totalSteps,
    phase: live.paused === undefined ? run.phase : "paused",
    lastLoss: sparkline.at(-1) ?? null,
    evalLoss: store.progress.lastEvaluation(run.id),
    ...rates,
    secondsLeft: live.secondsLeft,
    changed: Object.fromEntries(changed) as Record<string, string>,
    sparkline,
    sentence: live.paused ?? run.sentence,
    queuePosition: live.queuePosition,
  };
}

export function runDetail(store: Store, run: Run, live: LiveFacts): RunDetail {
  const checkpoints = presentCheckpoints(store, run.id);
  const best = bestEvaluation(store.progress.metrics(run.id))?.step;
  const sums = store.progress.performance(run.id);
  const resumable = hasEnded(run.state) && run.state !== "done";
  return {
    summary: runSummary(store, run, live),
    config: store.runs.config(run.id),
    pins: run.pins,
    proof: run.proof,
    waived: run.waived,
    error: run.error,
    outputDir: run.outputDir,
    modelPath: run.modelPath,
    versionId: run.versionId,
    template: run.template,
    checkpoints: checkpoints.map((each) => ({ ...each, best: !each.final && each.step === best })),
    machine: run.machine,
    skipped: skippedSteps(store, run),
    forecast: store.forecasts.ofRun(run.id) ?? null,
    taken: takenBy(run, sums),
    performance: performanceOf(sums),
    canResume: resumable,
    canExtend: hasEnded(run.state) && checkpoints.some(({ final }) => !final),
    canChat: checkpoints.length > 0 && run.serving !== null,
  };
}

/** A step that a resumed run made again counts as it was then. */
function skippedSteps(store: Store, run: Run): RunDetail["skipped"] {
  const made = new Set(store.progress.metrics(run.id).step);
  const events = store.progress
    .eventsOfType(run.id, "skipped")
    .filter(({ step }) => step <= run.step && !made.has(step));
  return [...new Map(events.map(({ step, what, rows }) => [step, { step, what, rows }])).values()];
}

/** Those that somebody has not deleted meanwhile. */
const presentCheckpoints = (store: Store, runId: string): Checkpoint[] =>
  store.progress.checkpoints(runId).filter(({ path }) => statSync(path, { throwIfNoEntry: false })?.isDirectory());

/** The finished model of a run, else its last checkpoint; nothing where it has neither. */
export function madeModel(store: Store, run: Run): MadeModel[] {
  const checkpoints = presentCheckpoints(store, run.id);
  const best = checkpoints.findLast(({ final }) => final) ?? checkpoints.at(-1);
  if (!best) return [];
  const kind = existsSync(join(best.path, "adapter_config.json")) ? "adapter" : "full";
  const { path, step, bytes } = best;
  return [{ runId: run.id, runName: run.name, path, baseModelPath: run.modelPath, kind, step, bytes }];
}

/** Where a run stands at its best evaluation. */
export function bestEvaluation(metrics: MetricColumns): { step: number; loss: number } | null {
  const losses = metrics.evalLoss.map((loss, i) => ({ step: metrics.evalStep[i] ?? 0, loss }));
  return losses.reduce<{ step: number; loss: number } | null>(
    (best, entry) => (best === null || entry.loss < best.loss ? entry : best),
    null,
  );
}
