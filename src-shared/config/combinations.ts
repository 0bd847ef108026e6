import type { ConfigValue } from "../contract/runs.ts";
import type { GivenValue } from "./collect.ts";
import { OPTIONS_OF, SCHEDULER_TYPES, scheduleOptionsProblem } from "./schedule-options.ts";
import type { ConfigKey, ConfigProblem, ResolveContext } from "./types.ts";

/** What the rules look at: resolved values, and which of them somebody gave. */
export interface Settings {
  readonly values: ReadonlyMap<ConfigKey, ConfigValue>;
  readonly given: ReadonlyMap<ConfigKey, GivenValue>;
  readonly context: ResolveContext;
}

interface Rule {
  readonly key: ConfigKey;
  readonly applies: (settings: Settings) => boolean;
  readonly message: string;
  readonly remedy: string;
}

const gave = (key: ConfigKey) => (s: Settings) => s.given.has(key);
const both = (a: ConfigKey, b: ConfigKey) => (s: Settings) => s.given.has(a) && s.given.has(b);
const is =
  (key: ConfigKey, ...values: ConfigValue[]) =>
  (s: Settings) =>
    values.includes(s.values.get(key) ?? null);
const all =
  (...rules: ((s: Settings) => boolean)[]) =>
  (s: Settings) =>
    rules.every((rule) => rule(s));
const startsWith = (key: ConfigKey, prefix: string) => (s: Settings) => String(s.values.get(key)).startsWith(prefix);
const positive = (key: ConfigKey) => (s: Settings) => Number(s.given.get(key)?.value ?? 0) > 0;
const hasEvalFiles = (s: Settings) => {
  const files = s.given.get("eval_files")?.value;
  return Array.isArray(files) && files.length > 0;
};

const nothingHeldOut = (s: Settings): boolean => s.values.get("eval_split") === 0 && !hasEvalFiles(s);

/** Combinations that cannot work. */
const IMPOSSIBLE: readonly Rule[] = [
  {
    key: "warmup_steps",
    applies: both("warmup_steps", "warmup_ratio"),
    message: "warmup_steps and warmup_ratio are both given",
    remedy: "Keep one of them",
  },
  {
    key: "eval_split",
    applies: all(hasEvalFiles, positive("eval_split")),
    message: "eval_files and eval_split are both given",
    remedy: "Keep eval_files, or split the training data with eval_split",
  },
  {
    key: "eval_steps",
    applies: all(
      gave("eval_steps"),
      (s) => s.given.get("eval_split")?.value === 0,
      (s) => !hasEvalFiles(s),
    ),
    message: "eval_steps is given, but eval_split: 0 leaves nothing to evaluate on",
    remedy: "Give eval_files or an eval_split, or drop eval_steps",
  },
  {
    key: "early_stopping_patience",
    applies: all(gave("early_stopping_patience"), nothingHeldOut),
    message: "early_stopping_patience needs rows to measure on, and none are held out",
    remedy: "Give eval_files or an eval_split (under 200 rows none is split off unless asked)",
  },
  {
    key: "load_best_model_at_end",
    applies: all(is("load_best_model_at_end", true), gave("load_best_model_at_end"), nothingHeldOut),
    message: "load_best_model_at_end needs rows to measure on, and none are held out",
    remedy: "Give eval_files or an eval_split (under 200 rows none is split off unless asked)",
  },
  {
    key: "from_scratch",
    applies: all(is("from_scratch", true), is("finetuning_type", "lora")),
    message: "from_scratch draws new weights, and an adapter would leave them as they are",
    remedy: "Use finetuning_type: full, or leave from_scratch out",
  },
  {
    key: "overwrite_output_dir",
    applies: all(is("overwrite_output_dir", true), gave("resume_from_checkpoint")),
    message: "overwrite_output_dir would delete what resume_from_checkpoint goes on from",
    remedy: "Keep one of them",
  },
  {
    key: "adapter_name_or_path",
    applies: all(gave("adapter_name_or_path"), is("finetuning_type", "full", "freeze")),
    message: "adapter_name_or_path goes on training an adapter, but finetuning_type is not lora",
    remedy: "Use finetuning_type: lora, or leave the adapter out",
  },
  {
    key: "quantization",
    applies: all(is("quantization", "8bit", "4bit"), is("finetuning_type", "full", "freeze")),
    message: "quantized weights cannot be trained themselves",
    remedy: "Use finetuning_type: lora, or quantization: none",
  },
  {
    key: "device",
    applies: all(is("engine", "tfjs"), startsWith("device", "webgpu")),
    message: "the tfjs engine does not run on webgpu",
    remedy: "Use engine: ort for webgpu, or another device",
  },
];

/** Settings that are understood but change nothing; they are told, not refused. */
const WITHOUT_EFFECT: readonly Omit<Rule, "remedy">[] = [
  {
    key: "lora_r",
    applies: (s) => is("finetuning_type", "full", "freeze")(s) && LORA_KEYS.some((key) => s.given.has(key)),
    message: "lora_*, target_modules and other keys of adapters have no effect without finetuning_type: lora",
  },
  {
    key: "freeze_trainable_layers",
    applies: (s) => !is("finetuning_type", "freeze")(s) && s.given.has("freeze_trainable_layers"),
    message: "freeze_trainable_layers has an effect with finetuning_type: freeze only",
  },
  {
    key: "early_stopping_threshold",
    applies: (s) => s.given.has("early_stopping_threshold") && !s.given.has("early_stopping_patience"),
    message: "early_stopping_threshold has no effect without early_stopping_patience",
  },
  {
    key: "num_train_epochs",
    applies: both("max_steps", "num_train_epochs"),
    message: "max_steps is given and overrides num_train_epochs",
  },
  {
    key: "eval_steps",
    applies: all(gave("eval_steps"), is("eval_split", 0), (s) => !hasEvalFiles(s)),
    message: "eval_steps has no effect: under 200 rows nothing is held out unless eval_split or eval_files is given",
  },
];
const LORA_KEYS = [
  "lora_r",
  "lora_alpha",
  "lora_dropout",
  "target_modules",
  "use_rslora",
  "use_dora",
  "modules_to_save",
] as const;

export function findImpossible(settings: Settings): ConfigProblem[] {
  const rules = IMPOSSIBLE.filter((rule) => rule.applies(settings)).map(({ key, message, remedy }) => ({
    key,
    message,
    remedy,
  }));
  return [...rules, ...scheduleProblems(settings), ...adapterContradictions(settings)];
}

export function findWithoutEffect(settings: Settings): ConfigProblem[] {
  return WITHOUT_EFFECT.filter((rule) => rule.applies(settings)).map(({ key, message }) => ({
    key,
    message,
    remedy: null,
  }));
}

/** Options that the chosen schedule does not read would be silently lost. */
function scheduleProblems({ values }: Settings): ConfigProblem[] {
  const type = SCHEDULER_TYPES.find((known) => known === values.get("lr_scheduler_type")) ?? "cosine";
  const options = values.get("lr_scheduler_kwargs");
  const message = scheduleOptionsProblem(type, typeof options === "string" ? options : null);
  if (message === undefined) return [];
  const taken = OPTIONS_OF[type];
  const remedy = taken.length > 0 ? `It takes ${taken.join(", ")}` : "Leave lr_scheduler_kwargs out";
  return [{ key: "lr_scheduler_kwargs", message, remedy }];
}

/** `adapter_name_or_path` brings rank, alpha and targets; `all-linear` is compared by the worker, which knows the model. */
function adapterContradictions({ given, context }: Settings): ConfigProblem[] {
  const { adapter } = context;
  if (!adapter) return [];
  const differs = (key: (typeof LORA_KEYS)[number]): boolean => {
    const value = given.get(key)?.value;
    if (value === undefined || (Array.isArray(value) && value[0] === "all-linear")) return false;
    return asSet(value) !== asSet(adapter[key]);
  };
  return LORA_KEYS.filter(differs).map((key) => ({
    key,
    message: `${key} contradicts the adapter that training goes on with: it has ${String(adapter[key])}`,
    remedy: `Leave ${key} out; it comes from adapter_config.json`,
  }));
}

const asSet = (value: ConfigValue | readonly string[]): string =>
  Array.isArray(value) ? JSON.stringify([...value].sort()) : JSON.stringify(value);
