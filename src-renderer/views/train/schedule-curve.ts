import { parseRunConfig } from "#shared/config/resolve.ts";
import { learningRateFactor, planSteps } from "#shared/config/schedule.ts";
import type { ConfigEntry } from "#shared/contract/runs.ts";

/** Points of the drawn curve; a shorter run has one a step. */
const POINTS = 120;
/** Steps that stand for a run whose length is not known yet. */
const NOMINAL_STEPS = 200;

export interface ScheduleCurve {
  /** Rates, evenly spread over the run. */
  readonly rates: readonly number[];
  readonly highest: number;
  readonly last: number;
  readonly warmupSteps: number;
  /** Null while it is not known; the warm-up is then of a nominal length. */
  readonly totalSteps: number | null;
}

/** The learning rate of every part of a run, computed as the trainer computes it; undefined for entries with a problem. */
export function scheduleCurve(entries: readonly ConfigEntry[], steps: number | null): ScheduleCurve | undefined {
  try {
    const config = parseRunConfig(Object.fromEntries(entries.map(({ key, value }) => [key, value])));
    const { warmupSteps } = planSteps(1, { ...config, max_steps: steps ?? NOMINAL_STEPS });
    const plan = { totalSteps: steps ?? NOMINAL_STEPS, warmupSteps };
    const count = Math.min(POINTS, plan.totalSteps);
    const stepAt = (i: number): number => Math.round((i * (plan.totalSteps - 1)) / Math.max(1, count - 1));
    const rateAt = (step: number): number => config.learning_rate * learningRateFactor(step, config, plan);
    const rates = Array.from({ length: count }, (_, i) => rateAt(stepAt(i)));
    return { rates, highest: Math.max(...rates), last: rates.at(-1) ?? 0, warmupSteps, totalSteps: steps };
  } catch {
    return undefined; // the form says what is wrong
  }
}
