import type { ErrorPlace } from "../errors.ts";
import type { EosChoice, ReasoningChoice } from "../text/mask/options.ts";
import type { SPECIAL_CHOICES, TRUNCATION_MODES } from "../text/rowOptions.ts";
import type { MaskPolicy } from "../text/types.ts";
import type { ConfigEntry, ConfigValue } from "../contract/runs.ts";
import type { SchedulerType } from "./schedule-options.ts";

/** A resolved run configuration: every key present, null where a key without default is not set. Names: TrainingArguments and PEFT. */
export interface RunConfig {
  readonly model_name_or_path: string;
  readonly adapter_name_or_path: string | null;
  readonly train_files: readonly string[];
  readonly eval_files: readonly string[];
  readonly eval_split: number;
  readonly output_dir: string;
  readonly max_samples: number | null;
  readonly template: string;
  readonly system_message: string | null;
  readonly system_policy: "keep" | "drop" | "replace";
  readonly mask: MaskPolicy | null;
  readonly train_on_eos: EosChoice;
  readonly train_on_header: boolean;
  readonly train_on_reasoning: ReasoningChoice;
  readonly train_on_tool_calls: boolean;
  readonly train_on_tool_results: boolean;
  readonly roles_to_train: readonly string[];
  readonly loss_scale: readonly string[];
  readonly max_length: number;
  readonly packing: boolean;
  readonly over_length: "error" | "truncate" | "drop" | "split";
  readonly truncation_mode: (typeof TRUNCATION_MODES)[number];
  readonly split_turns: boolean;
  readonly special_tokens_in_content: (typeof SPECIAL_CHOICES)[number];
  readonly shuffle: boolean;
  readonly finetuning_type: "lora" | "full" | "freeze";
  readonly from_scratch: boolean;
  readonly neftune_noise_alpha: number | null;
  readonly freeze_trainable_layers: number;
  readonly lora_r: number;
  readonly lora_alpha: number;
  readonly lora_dropout: number;
  readonly target_modules: readonly string[];
  readonly use_rslora: boolean;
  readonly use_dora: boolean;
  readonly modules_to_save: readonly string[];
  readonly quantization: "none" | "8bit" | "4bit";
  readonly per_device_train_batch_size: number;
  readonly gradient_accumulation_steps: number;
  readonly auto_find_batch_size: boolean;
  readonly num_train_epochs: number;
  readonly max_steps: number | null;
  readonly learning_rate: number;
  readonly lr_scheduler_type: SchedulerType;
  /** JSON text; see schedule-options.ts. */
  readonly lr_scheduler_kwargs: string | null;
  readonly warmup_ratio: number;
  readonly warmup_steps: number | null;
  readonly weight_decay: number;
  readonly max_grad_norm: number;
  readonly adam_beta1: number;
  readonly adam_beta2: number;
  readonly adam_epsilon: number;
  readonly gradient_checkpointing: boolean;
  readonly seed: number;
  readonly logging_steps: number;
  readonly eval_steps: number | null;
  readonly early_stopping_patience: number | null;
  readonly early_stopping_threshold: number;
  readonly load_best_model_at_end: boolean;
  readonly metric_for_best_model: "eval_loss";
  readonly sample_prompts: readonly string[];
  readonly sample_max_new_tokens: number;
  readonly sample_temperature: number;
  readonly save_steps: number | null;
  readonly save_total_limit: number;
  readonly resume_from_checkpoint: string | null;
  readonly overwrite_output_dir: boolean;
  readonly run_name: string | null;
  readonly project: string | null;
  readonly report_to: readonly string[];
  readonly log_level: "debug" | "info" | "warning" | "error";
  readonly engine: "auto" | "ort" | "tfjs";
  readonly device: string;
}
export type ConfigKey = keyof RunConfig;

/** What is known besides the layers; each field changes a default or adds a check. */
export interface ResolveContext {
  /** Rows of the training data: fewer than 200 are not split. */
  readonly rows?: number;
  /** From the adapter_config.json of `adapter_name_or_path`: its values are the defaults, a contradicting key is an error. */
  readonly adapter?: {
    readonly lora_r: number;
    readonly lora_alpha: number;
    readonly lora_dropout: number;
    readonly target_modules: readonly string[];
    readonly use_rslora: boolean;
    readonly use_dora: boolean;
    readonly modules_to_save: readonly string[];
  };
  /** Required keys that the caller supplies in another way (a form that picks the data version, say). */
  readonly supplied?: readonly ConfigKey[];
  /** Joins a relative path to a layer's `baseDir`. Without it paths stay as written. */
  readonly resolvePath?: (baseDir: string, path: string) => string;
  /** Tells a folder or file from a name, for keys that take either. Without it such values stay as written. */
  readonly exists?: (path: string) => boolean;
}

export interface KeySpec {
  readonly type: ConfigEntry["type"];
  readonly group: ConfigEntry["group"];
  /** null: no value unless given. */
  readonly defaultValue: ConfigValue;
  /** A default that depends on other values; it sees the given ones and the plain defaults. */
  readonly derive?: (values: ReadonlyMap<string, ConfigValue>, context: ResolveContext) => ConfigValue;
  readonly required?: true;
  /** Why the default is what it is, as the user reads it. */
  readonly reason: string;
  readonly choices?: readonly string[];
  /** Says what is wrong with a value of the right type, as "a number above 0": what was expected. */
  readonly check?: Check;
  /** How a relative value becomes a path; see paths.ts. */
  readonly resolves?: PathKind;
  /** How others write it, as this key's type; other values stay as they are. */
  readonly normalize?: (raw: unknown) => unknown;
  /** A list's items may hold commas: a flag gives one a word. */
  readonly verbatim?: true;
  /** A value that other tools write for "not given". */
  readonly unset?: ConfigValue;
}

/** A path; a folder, file or template file, or else a name that is left as written. */
export type PathKind = "path" | "folder-or-name" | "file-or-name" | "template";

export interface Check {
  readonly expected: string;
  readonly accepts: (value: ConfigValue) => boolean;
}

export interface ConfigProblem {
  readonly key: string;
  readonly message: string;
  readonly remedy: string | null;
  readonly where?: ErrorPlace;
}

/** Values of one origin; a later layer wins. */
export interface ConfigLayer {
  readonly source: "file" | "flag" | "form";
  readonly values: Readonly<Record<string, unknown>>;
  /** Folder that relative paths count from. */
  readonly baseDir?: string;
  readonly file?: string;
  /** 1-based line of each key in `file`. */
  readonly lines?: Readonly<Record<string, number>>;
}

export interface ResolvedConfig {
  /** Null while there are problems. */
  readonly config: RunConfig | null;
  /** Every key, in the order of the key table; keys with a problem carry their default. */
  readonly entries: readonly ConfigEntry[];
  readonly problems: readonly ConfigProblem[];
  /** Names that were mapped or ignored, and settings without effect: shown, never silent. */
  readonly notices: readonly ConfigProblem[];
}
