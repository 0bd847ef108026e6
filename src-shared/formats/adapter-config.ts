import * as v from "valibot";
import { SiftError } from "../errors.ts";
import { isPattern, isReadablePattern } from "./target-modules.ts";

/** What Sift needs of a PEFT adapter: a LoRA on linear layers. */
export interface LoraAdapterConfig {
  readonly r: number;
  readonly alpha: number;
  readonly dropout: number;
  /** Names or ends of names of linear layers, or one pattern; `all-linear` where the file says so. */
  readonly targetModules: readonly string[];
  /** Scaled by alpha / √r. */
  readonly rslora: boolean;
  /** With magnitudes. */
  readonly dora: boolean;
  /** Modules that are trained and saved whole. */
  readonly modulesToSave: readonly string[];
  readonly baseModel: string | null;
}

const schema = v.looseObject({
  peft_type: v.literal("LORA"),
  r: v.pipe(v.number(), v.integer(), v.minValue(1)),
  lora_alpha: v.number(),
  lora_dropout: v.optional(v.number(), 0),
  target_modules: v.union([v.array(v.string()), v.string()]),
  use_rslora: v.nullish(v.boolean(), false),
  use_dora: v.nullish(v.boolean(), false),
  modules_to_save: v.nullish(v.array(v.string()), []),
  base_model_name_or_path: v.nullish(v.string(), null),
});

/** Variants that train or compute something else; each with the values that mean "not used". */
const NOT_PLAIN: readonly (readonly [string, readonly unknown[]])[] = [
  ["bias", ["none"]],
  ["fan_in_fan_out", [false]],
  ["lora_bias", [false]],
  ["use_qalora", [false]],
  ["use_bdlora", [null, false]],
  ["ensure_weight_tying", [null, false]],
  ["layers_to_transform", [null]],
  ["exclude_modules", [null]],
  ["layer_replication", [null]],
  ["target_parameters", [null]],
  ["trainable_token_indices", [null]],
  ["alora_invocation_tokens", [null]],
  ["rank_pattern", [null, "{}"]],
  ["alpha_pattern", [null, "{}"]],
];

/** Reads adapter_config.json as PEFT writes it. `inference_mode` is written when saving and does not freeze anything. */
export function readAdapterConfig(json: unknown, file: string): LoraAdapterConfig {
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new SiftError("bad-adapter-config", `not the configuration of a LoRA adapter: ${issue.message}`, {
      where: { file, what: v.getDotPath(issue) ?? "peft_type" },
      remedy: "Choose a folder that PEFT or Sift saved a LoRA adapter in",
    });
  }
  refuseVariants(parsed.output, file);
  const { r, lora_alpha, lora_dropout, target_modules, base_model_name_or_path, ...more } = parsed.output;
  return {
    r,
    alpha: lora_alpha,
    dropout: lora_dropout,
    targetModules: targetList(target_modules, file),
    rslora: more.use_rslora === true,
    dora: more.use_dora === true,
    modulesToSave: [...(more.modules_to_save ?? [])].sort(),
    baseModel: base_model_name_or_path,
  };
}

function refuseVariants(config: Readonly<Record<string, unknown>>, file: string): void {
  for (const [name, plain] of NOT_PLAIN) {
    const value = config[name];
    if (value === undefined || plain.some((p) => p === value || p === JSON.stringify(value))) continue;
    throw new SiftError("adapter-variant", `${name}: ${JSON.stringify(value)} is a variant that Sift does not train`, {
      where: { file, what: name },
      remedy: "Merge the adapter into its base model first, or train a plain LoRA adapter",
    });
  }
}

/** PEFT reads a string as `all-linear` or as a pattern for whole names of modules. */
function targetList(targets: readonly string[] | string, file: string): readonly string[] {
  if (typeof targets !== "string") return [...new Set(targets)].sort();
  if (!isPattern(targets) || isReadablePattern(targets)) return [targets];
  throw new SiftError("adapter-variant", `target_modules is a pattern of Python's own: ${targets}`, {
    where: { file, what: "target_modules" },
    remedy: "Write the layer names as a list",
  });
}

/** adapter_config.json with every key that PEFT 0.21 writes; `inference_mode` as PEFT saves it. */
export function writeAdapterConfig(config: LoraAdapterConfig): string {
  const fields = {
    ...PEFT_DEFAULTS,
    base_model_name_or_path: config.baseModel,
    inference_mode: true,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    modules_to_save: config.modulesToSave.length > 0 ? [...config.modulesToSave] : null,
    peft_type: "LORA",
    r: config.r,
    target_modules: [...config.targetModules],
    task_type: "CAUSAL_LM",
    use_dora: config.dora,
    use_rslora: config.rslora,
  };
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
}

/** Fields of PEFT's LoraConfig that a plain LoRA leaves alone. Newer fields are left out, so that older PEFT opens it too. */
const PEFT_DEFAULTS = {
  alpha_pattern: {},
  auto_mapping: null,
  bias: "none",
  exclude_modules: null,
  fan_in_fan_out: false,
  init_lora_weights: true,
  layer_replication: null,
  layers_pattern: null,
  layers_to_transform: null,
  loftq_config: {},
  lora_bias: false,
  megatron_config: null,
  megatron_core: "megatron.core",
  rank_pattern: {},
  revision: null,
};
