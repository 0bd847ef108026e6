import type { RunConfig, SchedulerType } from "./types.ts";

export interface StepPlan {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly warmupSteps: number;
}

type StepSettings = Pick<
  RunConfig,
  | "per_device_train_batch_size"
  | "gradient_accumulation_steps"
  | "num_train_epochs"
  | "max_steps"
  | "warmup_steps"
  | "warmup_ratio"
>;

/**
 * Steps of a run over `units` batch units (rows, or blocks with packing).
 * The last step of an epoch takes what is left; total = max_steps, else steps an epoch × epochs, rounded up.
 */
export function planSteps(units: number, config: StepSettings): StepPlan {
  const unitsPerStep = config.per_device_train_batch_size * config.gradient_accumulation_steps;
  const stepsPerEpoch = Math.max(1, Math.ceil(units / unitsPerStep));
  const totalSteps = config.max_steps ?? Math.ceil(stepsPerEpoch * config.num_train_epochs);
  const warmupSteps = config.warmup_steps ?? Math.ceil(config.warmup_ratio * totalSteps);
  return { stepsPerEpoch, totalSteps, warmupSteps };
}

/** What follows the warm-up, as a factor of `learning_rate`: `left` of `span` steps remain. */
const DECAY: Readonly<Record<SchedulerType, (left: number, span: number) => number>> = {
  constant: () => 1,
  linear: (left, span) => left / span,
  cosine: (left, span) => 0.5 * (1 + Math.cos(Math.PI * ((span - left) / span))),
};

/**
 * Factor of the learning rate in step k = 0, 1, …: k / max(1, w) while k < w, so that the first step of a warm-up has
 * rate 0; then constant 1, linear (T − k) / (T − w), or cosine ½ (1 + cos(π (k − w) / (T − w))).
 * Source: transformers' get_*_schedule_with_warmup.
 */
export function learningRateFactor(step: number, type: SchedulerType, plan: Omit<StepPlan, "stepsPerEpoch">): number {
  const { warmupSteps, totalSteps } = plan;
  if (step < warmupSteps) return step / Math.max(1, warmupSteps);
  return Math.max(0, DECAY[type](totalSteps - step, Math.max(1, totalSteps - warmupSteps)));
}
