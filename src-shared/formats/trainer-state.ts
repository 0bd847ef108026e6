import * as v from "valibot";

/** An entry a logged step; names and units as `sift train` documents them. */
const stepEntry = v.object({
  step: v.number(),
  epoch: v.number(),
  /** Of this step, never a mean over several. */
  loss: v.number(),
  /** Before clipping. */
  grad_norm: v.number(),
  /** Used in that step. */
  learning_rate: v.number(),
  /** Of the steps since the last entry, counted after the shift. */
  num_tokens: v.number(),
  num_supervised_tokens: v.number(),
  /** Of the steps since the last entry together: data wait included; evaluation, checkpoints and logging excluded. */
  step_seconds: v.number(),
  /** Peak resident set of the worker since its start. */
  peak_memory_bytes: v.number(),
});
const evaluationEntry = v.object({ step: v.number(), eval_loss: v.number() });
/** A step that changed nothing, because its loss or gradient was not a finite number. */
const skippedEntry = v.object({
  step: v.number(),
  epoch: v.number(),
  learning_rate: v.number(),
  skipped: v.picklist(["loss", "gradient"]),
  rows: v.array(v.number()),
});
export const logEntry = v.union([stepEntry, evaluationEntry, skippedEntry]);
export type SkippedLogEntry = v.InferOutput<typeof skippedEntry>;
export type StepLogEntry = v.InferOutput<typeof stepEntry>;
export type EvaluationLogEntry = v.InferOutput<typeof evaluationEntry>;
export type LogEntry = v.InferOutput<typeof logEntry>;

/** The part of transformers' TrainerState that a run fills. */
export const trainerState = v.looseObject({
  epoch: v.number(),
  global_step: v.number(),
  max_steps: v.number(),
  num_train_epochs: v.number(),
  logging_steps: v.number(),
  eval_steps: v.nullable(v.number()),
  save_steps: v.nullable(v.number()),
  train_batch_size: v.number(),
  num_input_tokens_seen: v.number(),
  log_history: v.array(logEntry),
  best_metric: v.optional(v.nullable(v.number()), null),
  best_global_step: v.optional(v.nullable(v.number()), null),
  best_model_checkpoint: v.optional(v.nullable(v.string()), null),
  /** transformers' EarlyStoppingCallback keeps its count here. */
  stateful_callbacks: v.optional(v.record(v.string(), v.unknown()), {}),
});
export type TrainerState = v.InferOutput<typeof trainerState>;

/** trainer_state.json; the constant fields let transformers' TrainerState.load_from_json open it. */
export function writeTrainerState(state: v.InferInput<typeof trainerState>): string {
  return `${JSON.stringify({ ...CONSTANT, ...state }, null, 2)}\n`;
}

export function readTrainerState(text: string): TrainerState {
  return v.parse(trainerState, JSON.parse(text));
}

const CONSTANT = {
  best_global_step: null,
  best_metric: null,
  best_model_checkpoint: null,
  is_hyper_param_search: false,
  is_local_process_zero: true,
  is_world_process_zero: true,
  stateful_callbacks: {},
  total_flos: 0,
  trial_name: null,
  trial_params: null,
};
