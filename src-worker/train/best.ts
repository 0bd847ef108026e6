import { join } from "node:path";
import * as v from "valibot";
import type { RunConfig } from "#shared/config/index.ts";
import { checkpointName } from "#shared/formats/checkpoint.ts";
import type { TrainerState } from "#shared/formats/trainer-state.ts";

type Settings = Pick<
  RunConfig,
  "early_stopping_patience" | "early_stopping_threshold" | "load_best_model_at_end" | "output_dir"
>;
type BestFields = Pick<
  TrainerState,
  "best_metric" | "best_global_step" | "best_model_checkpoint" | "stateful_callbacks"
>;

const CALLBACK = "EarlyStoppingCallback";
const COUNTER = "early_stopping_patience_counter";
const callbacks = v.object({ [CALLBACK]: v.object({ attributes: v.object({ [COUNTER]: v.number() }) }) });

/**
 * The smallest evaluation loss so far, and how long ago it was. Counts as transformers' EarlyStoppingCallback does: an
 * evaluation that is not better by more than the threshold is one without progress.
 */
export class Best {
  readonly #settings: Settings;
  #loss: number | null;
  #step: number | null;
  #withoutProgress: number;

  /** Goes on with what a checkpoint holds. */
  constructor(settings: Settings, state?: TrainerState) {
    this.#settings = settings;
    this.#loss = state?.best_metric ?? null;
    this.#step = state?.best_global_step ?? null;
    const known = v.safeParse(callbacks, state?.stateful_callbacks);
    this.#withoutProgress = known.success ? known.output[CALLBACK].attributes[COUNTER] : 0;
  }

  /** Step of the best evaluation; null before the first. */
  get step(): number | null {
    return this.#step;
  }

  /** The step whose checkpoint must stay, where the best model is the run's result. */
  get keptStep(): number | null {
    return this.#settings.load_best_model_at_end ? this.#step : null;
  }

  /** Takes an evaluation; `enough` where the run is to end. */
  observe(step: number, loss: number): { best: boolean; enough: boolean } {
    const { early_stopping_patience: patience, early_stopping_threshold: threshold } = this.#settings;
    const before = this.#loss;
    const best = Number.isFinite(loss) && (before === null || loss < before);
    const progress = best && (before === null || before - loss > threshold);
    this.#withoutProgress = progress ? 0 : this.#withoutProgress + 1;
    if (best) [this.#loss, this.#step] = [loss, step];
    return { best, enough: patience !== null && this.#withoutProgress >= patience };
  }

  /** The same as trainer_state.json holds it. */
  state(): BestFields {
    const { early_stopping_patience: patience, early_stopping_threshold: threshold } = this.#settings;
    const counts = {
      args: { early_stopping_patience: patience, early_stopping_threshold: threshold },
      attributes: { [COUNTER]: this.#withoutProgress },
    };
    const kept = this.keptStep;
    return {
      best_metric: this.#loss,
      best_global_step: this.#step,
      best_model_checkpoint: kept === null ? null : join(this.#settings.output_dir, checkpointName(kept)),
      stateful_callbacks: patience === null ? {} : { [CALLBACK]: counts },
    };
  }
}
