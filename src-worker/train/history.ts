import type { RunConfig, StepPlan } from "#shared/config/index.ts";
import type { CheckpointManifest } from "#shared/formats/checkpoint.ts";
import type { LogEntry, TrainerState } from "#shared/formats/trainer-state.ts";
import type { SkippedStep, StepMetrics } from "#shared/worker/protocol.ts";

/** What is known without the evaluations. */
type Counters = Pick<
  TrainerState,
  | "epoch"
  | "global_step"
  | "max_steps"
  | "num_train_epochs"
  | "logging_steps"
  | "eval_steps"
  | "save_steps"
  | "train_batch_size"
  | "num_input_tokens_seen"
  | "log_history"
>;
type Counted = CheckpointManifest["sinceLastEntry"];
const EMPTY: Counted = { tokens: 0, supervisedTokens: 0, seconds: 0 };

/** `log_history` and the counters of trainer_state.json. */
export class History {
  readonly #entries: LogEntry[];
  /** Steps since the last entry. */
  #window: Counted;
  #tokensSeen: number;
  #step: number;
  #epoch: number;

  /** Goes on with what a checkpoint holds. */
  constructor(checkpoint?: { state: TrainerState; manifest: Pick<CheckpointManifest, "sinceLastEntry"> }) {
    const state = checkpoint?.state;
    this.#entries = [...(state?.log_history ?? [])];
    this.#tokensSeen = state?.num_input_tokens_seen ?? 0;
    this.#window = checkpoint?.manifest.sinceLastEntry ?? EMPTY;
    this.#step = state?.global_step ?? 0;
    this.#epoch = state?.epoch ?? 0;
  }

  get sinceLastEntry(): Counted {
    return this.#window;
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

  /** A step that changed nothing; its tokens and time count for nothing. */
  addSkipped({ step, epoch, learningRate, what, rows }: Omit<SkippedStep, "type" | "inARow">): void {
    this.#step = step;
    this.#epoch = epoch;
    this.#entries.push({ step, epoch, learning_rate: learningRate, skipped: what, rows });
  }

  addEvaluation(step: number, evalLoss: number): void {
    this.#entries.push({ step, eval_loss: evalLoss });
  }

  state(config: RunConfig, { totalSteps, stepsPerEpoch }: StepPlan): Counters {
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
