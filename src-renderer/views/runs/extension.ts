import { parseRunConfig } from "#shared/config/resolve.ts";
import { learningRateFactor, planSteps } from "#shared/config/schedule.ts";
import type { RunDetail } from "#shared/contract/runs.ts";
import { configText } from "./words.ts";

const configOf = (run: RunDetail) =>
  parseRunConfig(Object.fromEntries(run.config.map(({ key, value }) => [key, value])));

/** How long a run was planned: in steps where those were given, else in passes. */
export function lengthOf(run: RunDetail): { unit: "epochs" | "steps"; value: number } {
  const { max_steps: steps, num_train_epochs: epochs } = configOf(run);
  return steps === null ? { unit: "epochs", value: epochs } : { unit: "steps", value: steps };
}

export interface Extended {
  readonly totalSteps: number;
  readonly type: string;
  /** The next learning rate, and what it would have been on the old schedule. */
  readonly rate: string;
  readonly oldRate: string;
}

/** How the schedule goes on where a run is made longer: it is laid over the new length. Undefined before it has a length. */
export function extension(run: RunDetail, value: number): Extended | undefined {
  const config = configOf(run);
  const { step, totalSteps: before } = run.summary;
  if (before === null) return undefined;
  const { unit, value: planned } = lengthOf(run);
  const totalSteps = unit === "steps" ? Math.round(value) : Math.ceil((before * value) / planned);
  const rate = (total: number): string => {
    const plan = planSteps(1, { ...config, max_steps: total });
    const exact = config.learning_rate * learningRateFactor(step, config, plan);
    return configText(Number(exact.toPrecision(3)));
  };
  return { totalSteps, type: config.lr_scheduler_type, rate: rate(totalSteps), oldRate: rate(before) };
}
