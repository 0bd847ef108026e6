import type { ConfigValue, RunState, RunSummary } from "#shared/contract/runs.ts";
import type { WorkerEvent } from "#shared/worker/protocol.ts";
import { formatDuration } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.svelte.ts";

export type Phase = Extract<WorkerEvent, { type: "phase" }>["phase"];

const ENDED: ReadonlySet<RunState> = new Set(["stopped", "failed", "interrupted", "done"]);
/** Nothing goes on in a run that has ended until somebody resumes it. */
export const hasEnded = (state: RunState): boolean => ENDED.has(state);

/** Wall-clock seconds from start to end, or null while it cannot be told. */
export function secondsTaken({ startedAt, endedAt }: RunSummary): number | null {
  return startedAt === null || endedAt === null ? null : (endedAt - startedAt) / 1000;
}

/** What a run is doing, or how it ended, in the language of the interface. A failure's reason stands in its error. */
export function runSentence(run: RunSummary, phase?: Phase): string {
  const words = t().runs.sentences;
  const took = secondsTaken(run);
  switch (run.state) {
    case "queued":
      return words.queued(run.queuePosition ?? 1);
    case "running":
      if (phase !== undefined && phase !== "training") return words.phase(t().runs.phases[phase]);
      return run.totalSteps === null ? words.starting : words.running(run.step, run.totalSteps);
    case "stopping":
      return words.stopping;
    case "stopped":
      return words.stopped(run.step, run.totalSteps);
    case "interrupted":
      return words.interrupted(run.step);
    case "done":
      return took === null ? words.doneShort(run.step) : words.done(run.step, formatDuration(took));
    case "failed":
      return words.failed(run.step);
  }
}

/** Share of the steps that are done, 0…1; undefined while the number of steps is not known. */
export function shareDone({ step, totalSteps }: RunSummary): number | undefined {
  return totalSteps === null || totalSteps === 0 ? undefined : Math.min(1, step / totalSteps);
}

/** A value of the configuration as people write it. */
export function configText(value: ConfigValue): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return t().config.unset;
  if (typeof value === "boolean") return value ? t().config.on : t().config.off;
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "number" && value !== 0 && Math.abs(value) < 1e-3) return value.toExponential();
  return String(value);
}
