import { readScheduleOptions, type RampShape, type ScheduleOptions } from "./schedule-options.ts";
import type { RunConfig } from "./types.ts";

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

/** What decides the learning rate of a step, besides the plan. */
export type ScheduleSettings = Pick<RunConfig, "learning_rate" | "lr_scheduler_type" | "lr_scheduler_kwargs">;

type Phases = Omit<StepPlan, "stepsPerEpoch">;

/**
 * Factor of the learning rate in step k = 0, 1, …, of T steps with w of warm-up: k / max(1, w) while k < w, so that the first
 * step of a warm-up has rate 0; then by `lr_scheduler_type`. Source: transformers' get_*_schedule_with_warmup and
 * get_wsd_schedule; `constant` has the warm-up too, where transformers has constant_with_warmup for that.
 */
export function learningRateFactor(step: number, settings: ScheduleSettings, plan: Phases): number {
  const options = readScheduleOptions(settings.lr_scheduler_kwargs) ?? {};
  const { warmupSteps, totalSteps } = plan;
  if (settings.lr_scheduler_type === "warmup_stable_decay") return stableFactor(step, options, plan);
  if (step < warmupSteps) return step / Math.max(1, warmupSteps);
  const span = Math.max(1, totalSteps - warmupSteps);
  switch (settings.lr_scheduler_type) {
    case "constant":
    case "constant_with_warmup":
      return 1;
    case "linear":
      return Math.max(0, (totalSteps - step) / span);
    case "cosine":
      return cosine((step - warmupSteps) / span, options, 0);
    case "cosine_with_min_lr":
      return cosine((step - warmupSteps) / span, options, floorOf(options, settings.learning_rate));
  }
}

/** ½ (1 + cos(2π · cycles · progress)), from 1 down to `floor`. */
function cosine(progress: number, { num_cycles = 0.5 }: ScheduleOptions, floor: number): number {
  const factor = 0.5 * (1 + Math.cos(Math.PI * num_cycles * 2 * progress));
  return Math.max(0, factor * (1 - floor) + floor);
}

function floorOf({ min_lr, min_lr_rate = 0 }: ScheduleOptions, learningRate: number): number {
  if (min_lr === undefined) return min_lr_rate;
  return learningRate > 0 ? min_lr / learningRate : 0;
}

/** Share of the steps that `warmup_stable_decay` ends with where `num_decay_steps` is not given. */
const DECAY_SHARE = 0.2;

const RAMPS: Readonly<
  Record<RampShape, { up(progress: number): number; down(progress: number, cycles: number): number }>
> = {
  linear: { up: (p) => p, down: (p) => 1 - p },
  cosine: {
    up: (p) => 0.5 * (1 - Math.cos(Math.PI * p)),
    down: (p, cycles) => 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * p)),
  },
  "1-sqrt": { up: (p) => 1 - Math.sqrt(1 - p), down: (p) => 1 - Math.sqrt(p) },
};

/** Up over the warm-up, 1 over the stable steps, down over the decay steps, then the floor. */
function stableFactor(step: number, options: ScheduleOptions, { warmupSteps, totalSteps }: Phases): number {
  const { warmup_type = "linear", decay_type = "cosine", min_lr_ratio: floor = 0, num_cycles = 0.5 } = options;
  const decaySteps = options.num_decay_steps ?? Math.ceil(DECAY_SHARE * totalSteps);
  const stableSteps = options.num_stable_steps ?? totalSteps - warmupSteps - decaySteps;
  const above = (factor: number): number => Math.max(0, factor * (1 - floor) + floor);
  if (step < warmupSteps) return above(RAMPS[warmup_type].up(step / Math.max(1, warmupSteps)));
  const decayed = step - warmupSteps - stableSteps;
  if (decayed < 0) return 1;
  if (decayed >= decaySteps) return floor;
  return above(RAMPS[decay_type].down(decayed / Math.max(1, decaySteps), num_cycles));
}
