import type { RunConfig, StepPlan } from "#shared/config/index.ts";
import type { LogEntry, TrainerState } from "#shared/formats/trainer-state.ts";
import type { StepMetrics } from "#shared/worker/protocol.ts";

interface Window {
  readonly tokens: number;
  readonly supervisedTokens: number;
  readonly seconds: number;
}
const EMPTY: Window = { tokens: 0, supervisedTokens: 0, seconds: 0 };

/** `log_history` and the counters of trainer_state.json. */
export class History {
  readonly #entries: LogEntry[];
  /** Steps since the last entry. */
  #window: Window;
  #tokensSeen: number;
  #step: number;
  #epoch: number;

  /** Goes on with the state that a checkpoint holds. */
  constructor(state?: TrainerState) {
    this.#entries = [...(state?.log_history ?? [])];
    this.#tokensSeen = state?.num_input_tokens_seen ?? 0;
    this.#window = readWindow(state?.["sift_since_last_entry"]);
    this.#step = state?.global_step ?? 0;
    this.#epoch = state?.epoch ?? 0;
  }

  /** Takes a finished step; returns its entry where `due`. */
  addStep(metrics: StepMetrics, due: boolean): LogEntry | undefined {
    const { tokens, supervisedTokens, seconds } = this.#window;
    this.#window = {
      tokens: tokens + metrics.tokens,
      supervisedTokens: supervisedTokens + metrics.supervisedTokens,
      seconds: seconds + metrics.stepSeconds,
    };
    this.#tokensSeen += metrics.tokens;
    this.#step = metrics.step;
    this.#epoch = metrics.epoch;
    return due ? this.#addEntry(metrics) : undefined;
  }

  addEvaluation(step: number, evalLoss: number): void {
    this.#entries.push({ step, eval_loss: evalLoss });
  }

  state(config: RunConfig, { totalSteps, stepsPerEpoch }: StepPlan): TrainerState {
    return {
      epoch: this.#epoch,
      global_step: this.#step,
      max_steps: totalSteps,
      num_train_epochs: config.max_steps === null ? config.num_train_epochs : Math.ceil(totalSteps / stepsPerEpoch),
      logging_steps: config.logging_steps,
      eval_steps: config.eval_steps,
      save_steps: config.save_steps,
      train_batch_size: config.per_device_train_batch_size,
      num_input_tokens_seen: this.#tokensSeen,
      sift_since_last_entry: this.#window,
      log_history: this.#entries,
    };
  }

  #addEntry(metrics: StepMetrics): LogEntry {
    const entry = {
      step: metrics.step,
      epoch: metrics.epoch,
      loss: metrics.loss,
      grad_norm: metrics.gradNorm,
      learning_rate: metrics.learningRate,
      num_tokens: this.#window.tokens,
      num_supervised_tokens: this.#window.supervisedTokens,
      step_seconds: this.#window.seconds,
      peak_memory_bytes: metrics.peakMemoryBytes,
    };
    this.#window = EMPTY;
    this.#entries.push(entry);
    return entry;
  }
}

function readWindow(value: unknown): Window {
  if (typeof value !== "object" || value === null) return EMPTY;
  const number = (key: string): number => {
    const found = (value as Record<string, unknown>)[key];
    return typeof found === "number" ? found : 0;
  };
  return { tokens: number("tokens"), supervisedTokens: number("supervisedTokens"), seconds: number("seconds") };
}
