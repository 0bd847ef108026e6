import { EOS_CHOICES, REASONING_CHOICES } from "../text/mask/options.ts";
import { normalRoles, normalRules, parseRole, ruleProblem } from "../text/mask/settings.ts";
import { SPECIAL_CHOICES, TRUNCATION_MODES } from "../text/rowOptions.ts";
import { MASK_POLICIES } from "../text/types.ts";
import { isPattern, isReadablePattern } from "../formats/target-modules.ts";
import type { ConfigEntry, ConfigValue } from "../contract/runs.ts";
import { DEFAULT_OPTIONS, normalScheduleOptions, readScheduleOptions, SCHEDULER_TYPES } from "./schedule-options.ts";
import type { Check, ConfigKey, KeySpec } from "./types.ts";

type Group = ConfigEntry["group"];
type Extra = Partial<Omit<KeySpec, "group" | "reason" | "defaultValue">>;

const numberCheck = (expected: string, accepts: (n: number) => boolean): Check => ({
  expected,
  accepts: (value) => typeof value === "number" && Number.isFinite(value) && accepts(value),
});
const atLeast = (minimum: number) => numberCheck(`a whole number from ${minimum}`, (n) => n >= minimum);
const ABOVE_ZERO = numberCheck("a number above 0", (n) => n > 0);
const NOT_NEGATIVE = numberCheck("a number from 0", (n) => n >= 0);
const BELOW_ONE = numberCheck("a number from 0 to below 1", (n) => n >= 0 && n < 1);
const UP_TO_ONE = numberCheck("a number from 0 to 1", (n) => n >= 0 && n <= 1);
const DEVICE: Check = {
  expected: "auto, cpu, webgpu, webgpu:N, cuda or cuda:N",
  accepts: (value) => typeof value === "string" && /^(auto|cpu|(webgpu|cuda)(:\d+)?)$/.test(value),
};
const REPORTERS: Check = {
  expected: "tensorboard or none (nothing is ever sent over the network)",
  accepts: (value) => Array.isArray(value) && value.every((name) => name === "tensorboard" || name === "none"),
};
const TARGETS: Check = {
  expected: "all-linear, names of linear layers (never lm_head), or one pattern for whole names",
  accepts: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    !value.includes("lm_head") &&
    (!value.some(isPattern) || (value.length === 1 && value.every(isReadablePattern))),
};
const LAYERS = numberCheck(
  "a whole number other than 0: the last layers, or the first ones where it is negative",
  (n) => n !== 0,
);

const ROLES: Check = {
  expected: "roles, each with a weight if it is not 1: user, assistant:0.5",
  accepts: (value) => Array.isArray(value) && value.every((text) => parseRole(text) !== undefined),
};
const RULES: Check = {
  expected: "rules as /pattern/ weight, with role=… and part=content, reasoning or tool_calls where they matter",
  accepts: (value) => Array.isArray(value) && value.every((text) => ruleProblem(text) === undefined),
};
const SCHEDULE_OPTIONS: Check = {
  expected: 'options of the schedule, as {"min_lr_rate": 0.1} or {"num_decay_steps": 100}',
  accepts: (value) => typeof value === "string" && readScheduleOptions(value) !== undefined,
};
const defaultOptions = (type: ConfigValue | undefined): ConfigValue =>
  SCHEDULER_TYPES.flatMap((known) => (known === type ? (DEFAULT_OPTIONS[known] ?? []) : []))[0] ?? null;
/** Under the mask `all` everything is trained already. */
const underAll: Extra = { type: "boolean", derive: (values) => values.get("mask") === "all" };

/** One line a key: group, default, reason, and what differs from a plain string. */
const key = (group: Group, defaultValue: ConfigValue, reason: string, extra: Extra = {}): KeySpec => ({
  type: "string",
  group,
  defaultValue,
  reason,
  ...extra,
});
const integer = (check: Check): Extra => ({ type: "integer", check });
const number = (check: Check): Extra => ({ type: "number", check });
const choice = (choices: readonly string[]): Extra => ({ type: "choice", choices });
const BOOLEAN: Extra = { type: "boolean" };
const PATH: Extra = { type: "path", resolves: "path" };
const FILES: Extra = { type: "list", resolves: "file-or-name" };
const REQUIRED = { required: true } as const;

/** Fewer rows than this are all trained on: five percent of them would measure nothing. */
export const MIN_ROWS_FOR_SPLIT = 200;

/** Every key of a run, with its default and the default's reason; a missing key is a compile error. */
export const CONFIG_KEYS: { readonly [K in ConfigKey]: KeySpec } = {
  model_name_or_path: key(
    "main",
    null,
    "The base model has to be chosen: a folder, or a name found in this machine's caches.",
    {
      type: "path",
      resolves: "folder-or-name",
      ...REQUIRED,
    },
  ),
  adapter_name_or_path: key("main", null, "Training starts with a fresh adapter; name one to go on training it.", {
    type: "path",
    resolves: "folder-or-name",
  }),
  train_files: key("main", null, "The conversations to train on have to be chosen.", { ...FILES, ...REQUIRED }),
  eval_files: key("data", [], "Without files of its own, the evaluation set is split off the training data.", FILES),
  eval_split: key(
    "data",
    0.05,
    "5 % of the rows are held out to measure on; none where eval_files are given or there are under 200 rows.",
    {
      ...number(BELOW_ONE),
      derive: (values, context) =>
        given(values.get("eval_files")) || (context.rows ?? Infinity) < MIN_ROWS_FOR_SPLIT ? 0 : 0.05,
    },
  ),
  output_dir: key("output", null, "The folder for checkpoints and the trained model has to be chosen.", {
    ...PATH,
    ...REQUIRED,
  }),
  max_samples: key(
    "data",
    null,
    "All rows are used; a number takes the first N, for a quick try.",
    integer(atLeast(1)),
  ),
  template: key("data", "own", "The model's own chat template is what it was tuned with.", { resolves: "template" }),
  system_message: key("data", null, "The template's own default system text is kept."),
  system_policy: key(
    "data",
    "keep",
    "System turns in the data are kept as they are.",
    choice(["keep", "drop", "replace"]),
  ),
  mask: key(
    "data",
    null,
    "The template's own policy, else assistant: what the assistant writes and its end of turn.",
    choice(MASK_POLICIES),
  ),
  train_on_eos: key(
    "data",
    "turn",
    "Every trained turn ends with its end-of-turn token, so that the model learns to stop.",
    choice(EOS_CHOICES),
  ),
  train_on_header: key("data", false, "Serving writes the opening of a turn; the model need not.", underAll),
  train_on_reasoning: key(
    "data",
    "train",
    "Reasoning that stands in the data is trained with its answer.",
    choice(REASONING_CHOICES),
  ),
  train_on_tool_calls: key("data", true, "The assistant writes its tool calls itself.", BOOLEAN),
  train_on_tool_results: key("data", false, "Tools write their answers; the model reads them only.", underAll),
  roles_to_train: key("data", [], "The mask says whose turns are trained.", {
    type: "list",
    check: ROLES,
    normalize: normalRoles,
  }),
  loss_scale: key("data", [], "Every trained token counts alike.", {
    type: "list",
    check: RULES,
    normalize: normalRules,
    verbatim: true,
  }),
  max_length: key("data", 2048, "Long enough for most conversations; memory grows with it.", integer(atLeast(2))),
  packing: key("data", true, "Several whole rows share a block, so that no time is spent on padding.", BOOLEAN),
  over_length: key(
    "data",
    "error",
    "A row longer than max_length stops the run, so that nothing is cut unnoticed.",
    choice(["error", "truncate", "drop", "split"]),
  ),
  truncation_mode: key(
    "data",
    "end",
    "What over_length: truncate leaves out: the end, the oldest turns, or what is behind the last whole turn.",
    choice(TRUNCATION_MODES),
  ),
  split_turns: key(
    "data",
    false,
    "A conversation is one row; a row for each answer matches serving where a template changes earlier turns.",
    BOOLEAN,
  ),
  special_tokens_in_content: key(
    "data",
    "keep",
    "Special tokens typed in a message become those tokens, as in the reference; plain makes them text.",
    choice(SPECIAL_CHOICES),
  ),
  shuffle: key(
    "data",
    true,
    "A new order in each epoch, fixed by the seed, keeps the file's order out of the result.",
    BOOLEAN,
  ),
  finetuning_type: key("method", "lora", "An adapter needs a fraction of the memory and forgets less.", {
    ...choice(["lora", "full", "freeze"]),
    derive: (values) => (values.get("from_scratch") === true ? "full" : "lora"),
  }),
  from_scratch: key(
    "method",
    false,
    "Training starts with the model's weights; true draws new ones from its config.json and the seed.",
    BOOLEAN,
  ),
  neftune_noise_alpha: key(
    "method",
    null,
    "No noise on the embeddings; 5 is where its paper starts.",
    number(ABOVE_ZERO),
  ),
  freeze_trainable_layers: key(
    "method",
    2,
    "With finetuning_type: freeze the last two layers are trained; a negative number takes the first ones.",
    integer(LAYERS),
  ),
  lora_r: key("method", 16, "Rank 16 is enough for most instruction data.", integer(atLeast(1))),
  lora_alpha: key("method", 32, "Twice the rank, a common and forgiving scale.", number(ABOVE_ZERO)),
  lora_dropout: key("method", 0, "Without dropout the result is easier to reproduce and faster.", number(BELOW_ONE)),
  target_modules: key("method", ["all-linear"], "Adapting every linear layer but lm_head is the most robust choice.", {
    type: "list",
    check: TARGETS,
    normalize: wholePattern,
  }),
  use_rslora: key("method", false, "The usual scale is alpha / r; alpha / √r suits high ranks.", BOOLEAN),
  use_dora: key("method", false, "Plain LoRA is faster; DoRA trains the length of every weight row apart.", BOOLEAN),
  modules_to_save: key("method", [], "Nothing but the adapter is trained; embed_tokens and lm_head for new tokens.", {
    type: "list",
  }),
  quantization: key("method", "none", "The base model is kept in full precision.", choice(["none", "8bit", "4bit"])),
  per_device_train_batch_size: key("schedule", 1, "One block at a time needs the least memory.", integer(atLeast(1))),
  gradient_accumulation_steps: key(
    "schedule",
    1,
    "Every batch is a step; more of them a step imitate a larger batch.",
    integer(atLeast(1)),
  ),
  auto_find_batch_size: key(
    "schedule",
    false,
    "One block a step needs no measuring; with true both are chosen by a few steps.",
    BOOLEAN,
  ),
  num_train_epochs: key("schedule", 3, "Three passes: one is often too few, many memorise.", number(ABOVE_ZERO)),
  max_steps: key("schedule", null, "The number of passes decides; a number of steps overrides it.", {
    ...integer(atLeast(1)),
    unset: -1,
  }),
  learning_rate: key("main", 2e-4, "2e-4 for an adapter; 2e-5 for full fine-tuning, which moves every weight.", {
    ...number(NOT_NEGATIVE),
    derive: (values) =>
      values.get("from_scratch") === true ? 3e-4 : ADAPTER.includes(values.get("finetuning_type")) ? 2e-4 : 2e-5,
  }),
  lr_scheduler_type: key("schedule", "cosine", "The rate falls to zero smoothly by the end.", choice(SCHEDULER_TYPES)),
  lr_scheduler_kwargs: key("schedule", null, "The schedule's usual shape; a cosine with a floor ends at a tenth.", {
    check: SCHEDULE_OPTIONS,
    normalize: normalScheduleOptions,
    derive: (values) => defaultOptions(values.get("lr_scheduler_type")),
  }),
  warmup_ratio: key(
    "schedule",
    0.03,
    "The first 3 % of the steps raise the rate from zero, so that the start is calm.",
    {
      ...number(UP_TO_ONE),
      derive: (values) => (values.get("warmup_steps") == null ? 0.03 : 0),
    },
  ),
  warmup_steps: key("schedule", null, "warmup_ratio decides.", integer(atLeast(0))),
  weight_decay: key("optimizer", 0, "Short fine-tuning rarely gains from decay.", number(NOT_NEGATIVE)),
  max_grad_norm: key("optimizer", 1, "Clips a step that would leap; 0 switches clipping off.", number(NOT_NEGATIVE)),
  adam_beta1: key("optimizer", 0.9, "AdamW's usual value.", number(BELOW_ONE)),
  adam_beta2: key("optimizer", 0.999, "AdamW's usual value.", number(BELOW_ONE)),
  adam_epsilon: key("optimizer", 1e-8, "AdamW's usual value.", number(ABOVE_ZERO)),
  gradient_checkpointing: key(
    "optimizer",
    false,
    "Saves memory by computing twice; not needed until memory is short.",
    BOOLEAN,
  ),
  seed: key("schedule", 42, "Any fixed number makes the run repeatable.", integer(atLeast(0))),
  logging_steps: key("output", 1, "Every step is shown.", integer(atLeast(1))),
  eval_steps: key("evaluation", null, "The evaluation set is measured at the end of every epoch.", integer(atLeast(1))),
  early_stopping_patience: key(
    "evaluation",
    null,
    "All passes are made; a number ends the run after so many evaluations without a better one.",
    integer(atLeast(1)),
  ),
  early_stopping_threshold: key("evaluation", 0, "Any improvement counts as one.", number(NOT_NEGATIVE)),
  load_best_model_at_end: key("evaluation", false, "The last step is the result; early stopping takes the best.", {
    ...BOOLEAN,
    derive: (values) => values.get("early_stopping_patience") != null,
  }),
  metric_for_best_model: key("evaluation", "eval_loss", "The loss on the held-out rows is what a run measures.", {
    ...choice(["eval_loss"]),
    normalize: (raw) => (raw === "loss" ? "eval_loss" : raw),
  }),
  sample_prompts: key("evaluation", [], "Give messages, and their answers are shown after every evaluation.", {
    type: "list",
    verbatim: true,
  }),
  sample_max_new_tokens: key("evaluation", 64, "Long enough to see how an answer begins.", integer(atLeast(1))),
  sample_temperature: key(
    "evaluation",
    0,
    "The most likely answer, so that evaluations compare.",
    number(NOT_NEGATIVE),
  ),
  save_steps: key("output", null, "A checkpoint is kept at the end of every epoch.", integer(atLeast(1))),
  save_total_limit: key("output", 2, "The two newest checkpoints are kept; 0 keeps all.", integer(atLeast(0))),
  resume_from_checkpoint: key("output", null, "A folder with checkpoints is resumed from its last complete one.", PATH),
  overwrite_output_dir: key("output", false, "A folder that is in use is never emptied unasked.", BOOLEAN),
  run_name: key("output", null, "A name is made from the model and the data."),
  project: key("output", null, "Runs go to the default project."),
  report_to: key("output", ["tensorboard"], "Curves are written as TensorBoard event files too.", {
    type: "list",
    check: REPORTERS,
  }),
  log_level: key("output", "info", "Enough to follow the run.", choice(["debug", "info", "warning", "error"])),
  engine: key("device", "auto", "The fastest engine that is present.", choice(["auto", "ort", "tfjs"])),
  device: key("device", "auto", "The best device that the engine finds.", { check: DEVICE }),
};

export const CONFIG_KEY_NAMES = Object.keys(CONFIG_KEYS);

export function isConfigKey(name: string): name is ConfigKey {
  return Object.hasOwn(CONFIG_KEYS, name);
}

/** What stands where an adapter is trained: the default is not among the given values. */
const ADAPTER: readonly unknown[] = [undefined, "lora"];

/** A pattern that was taken for a list because of its commas is one text again. */
function wholePattern(raw: unknown): unknown {
  const texts = Array.isArray(raw) && raw.length > 1 && raw.every((item) => typeof item === "string") ? raw : undefined;
  return texts?.some((text) => isPattern(text)) === true ? [texts.join(",")] : raw;
}

function given(value: ConfigValue | undefined): boolean {
  return Array.isArray(value) ? value.length > 0 : value != null;
}
