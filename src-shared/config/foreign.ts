import type { ConfigValue } from "../contract/runs.ts";
import type { ConfigKey } from "./types.ts";

/**
 * Every other name of TrainingArguments (transformers 4 and 5) and LoraConfig (PEFT 0.21), so that a pasted command or
 * file is understood.
 */
export type ForeignName =
  /** Another name of one of our keys; `convert` translates the value. */
  | { readonly kind: "mapped"; readonly to: ConfigKey; readonly convert?: (value: unknown) => unknown }
  /** Without effect here; the notice says why. */
  | { readonly kind: "ignored"; readonly why: string }
  /** Would change the result: refused, unless the value is one that means "off" or what Sift does anyway. */
  | { readonly kind: "refused"; readonly instead: string; readonly harmless: readonly ConfigValue[] };

const OFF: readonly ConfigValue[] = [null, false, 0, "", "none", "no"];
const mapped = (to: ConfigKey, convert?: (value: unknown) => unknown): ForeignName =>
  convert ? { kind: "mapped", to, convert } : { kind: "mapped", to };
const ignored = (why: string): ForeignName => ({ kind: "ignored", why });
const refused = (instead: string, harmless: readonly ConfigValue[] = OFF): ForeignName => ({
  kind: "refused",
  instead,
  harmless,
});
const each = (names: string, entry: ForeignName): [string, ForeignName][] =>
  names.split(/\s+/).map((name) => [name, entry]);

const bitsOf = (value: unknown): unknown =>
  value === 4 || value === 8 ? `${value}bit` : value === null || value === 0 ? "none" : value;
const cpuIfTrue = (value: unknown): unknown => (value === true ? "cpu" : "auto");

const ONE_PROCESS = "a run is one process on one device";
const LOADER = "rows come from a snapshot on disk; there are no loader processes to set";
const HUB = "Sift never uploads; export the finished model and push it yourself";
const SPEED = "it changes speed only, and the engine decides that by itself";
const FLOAT32 = "Sift trains in float32, which is at least as exact";

const TRAINING_ARGUMENTS: [string, ForeignName][] = [
  ...each(
    "do_train do_eval do_predict prediction_loss_only",
    ignored("a run always trains, and evaluates where there is an evaluation set"),
  ),
  ...each(
    "bf16 fp16 bf16_full_eval fp16_full_eval half_precision_backend fp16_opt_level fp16_backend tf32",
    ignored(FLOAT32),
  ),
  ...each("use_cpu no_cuda", mapped("device", cpuIfTrue)),
  ...each("use_mps_device use_ipex", ignored("`device` chooses the device")),
  ...each(
    "optim",
    refused("AdamW as in PyTorch is the only optimizer", ["adamw_torch", "adamw_torch_fused", "adamw_hf"]),
  ),
  ...each("optim_args optim_target_modules adafactor", refused("AdamW as in PyTorch is the only optimizer")),
  ...each("label_smoothing_factor", refused("the loss is plain cross entropy; leave it out")),
  ...each("average_tokens_across_devices", ignored("the loss of a step is already a mean over all its scored tokens")),
  ...each(
    "per_device_eval_batch_size per_gpu_eval_batch_size eval_accumulation_steps eval_do_concat_batches eval_use_gather_object batch_eval_metrics include_for_metrics include_inputs_for_metrics eval_packing",
    ignored("the evaluation loss does not depend on how rows are batched"),
  ),
  ...each("per_gpu_train_batch_size", mapped("per_device_train_batch_size")),
  ...each(
    "eval_strategy evaluation_strategy evaluate_during_training",
    refused("set eval_steps, or leave it out to evaluate at the end of every epoch; eval_split: 0 evaluates nothing", [
      null,
      "steps",
      "epoch",
    ]),
  ),
  ...each("eval_delay", refused("evaluation starts with the first eval_steps")),
  ...each("eval_on_start", refused("compare with the base model in Chat or with a run of max_steps: 1")),
  ...each(
    "save_strategy",
    refused("set save_steps, or leave it out to save at the end of every epoch", [null, "steps", "epoch"]),
  ),
  ...each("save_only_model", refused("checkpoints always carry the optimizer, so that a run can be resumed")),
  ...each(
    "save_safetensors save_on_each_node enable_jit_checkpoint",
    ignored("checkpoints are always safetensors, written once"),
  ),
  ...each("greater_is_better", refused("the best model is the one with the smallest eval_loss", [null, false])),
  ...each("logging_strategy", refused("set logging_steps", [null, "steps"])),
  ...each("logging_first_step", ignored("with logging_steps: 1 the first step is logged; else use it")),
  ...each("logging_nan_inf_filter", ignored("a step that is not finite is skipped and shown; it is never hidden")),
  ...each("logging_dir", ignored("TensorBoard files go to output_dir/runs")),
  ...each(
    "include_num_input_tokens_seen include_tokens_per_second include_tokens_per_sec",
    ignored("tokens are always counted"),
  ),
  ...each(
    "skip_memory_metrics debug disable_tqdm log_on_each_node log_level_replica label_names remove_unused_columns length_column_name use_legacy_prediction_loop past_index use_cache",
    ignored("it has no counterpart in Sift"),
  ),
  ...each(
    "data_seed",
    refused("seed fixes the order of the data too; order, dropout and sampling have streams of their own", [null]),
  ),
  ...each("full_determinism", ignored("a run on the same machine is repeatable bit for bit already")),
  ...each(
    "dataloader_num_workers dataloader_pin_memory dataloader_persistent_workers dataloader_prefetch_factor dataloader_multiprocessing_context dataloader_in_order",
    ignored(LOADER),
  ),
  ...each("dataloader_drop_last", refused("the last step of an epoch takes the rows that are left")),
  ...each("group_by_length", refused("packing: true wastes nothing on padding")),
  ...each("train_sampling_strategy", refused("use shuffle: true or false", [null, "random"])),
  ...each(
    "ignore_data_skip restore_callback_states_from_checkpoint",
    refused("resuming always goes on at the exact row"),
  ),
  ...each(
    "torch_compile torch_compile_backend torch_compile_mode torchdynamo jit_mode_eval use_liger_kernel liger_kernel_config torch_empty_cache_steps mp_parameters",
    ignored(SPEED),
  ),
  ...each(
    "gradient_checkpointing_kwargs activation_checkpointing_kwargs",
    ignored("gradient_checkpointing alone decides"),
  ),
  ...each(
    "activation_checkpointing",
    mapped("gradient_checkpointing", (value) => value ?? false),
  ),
  ...each(
    "local_rank ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers ddp_static_graph ddp_backend ddp_timeout accelerator_config split_batches dispatch_batches ray_scope tpu_num_cores tpu_metrics_debug",
    ignored(ONE_PROCESS),
  ),
  ...each(
    "deepspeed fsdp fsdp_config fsdp_min_num_params fsdp_transformer_layer_cls_to_wrap parallelism_config",
    refused(ONE_PROCESS),
  ),
  ...each("push_to_hub hub_always_push push_to_hub_model_id push_to_hub_organization push_to_hub_token", refused(HUB)),
  ...each("hub_model_id hub_strategy hub_token hub_private_repo hub_revision", ignored(HUB)),
  ...each(
    "trackio_space_id trackio_bucket_id trackio_static_space_id",
    ignored("nothing is sent over the network; see report_to"),
  ),
];

/** Axolotl, LLaMA-Factory and TRL on what is trained of a conversation. */
const MASKING: [string, ForeignName][] = [
  ...each("train_on_eot", mapped("train_on_eos")),
  ...each(
    "train_on_inputs train_on_prompt",
    mapped("mask", (value) => (value === true ? "all" : null)),
  ),
  ...each(
    "mask_history",
    mapped("mask", (value) => (value === true ? "last_assistant" : null)),
  ),
  ...each(
    "assistant_only_loss train_on_responses_only",
    mapped("mask", (value) => (value === true ? "assistant" : "all")),
  ),
  ...each(
    "message_field_training message_field_training_detail",
    ignored("weight, loss and train of a message are read by themselves, and so are its spans"),
  ),
];

const LORA_CONFIG: [string, ForeignName][] = [
  ...each("r", mapped("lora_r")),
  ...each("quantization_bit", mapped("quantization", bitsOf)),
  ...each("task_type", refused("only causal language models are trained", [null, "CAUSAL_LM"])),
  ...each("peft_type", refused("finetuning_type chooses between lora and full", [null, "LORA"])),
  ...each(
    "auto_mapping peft_version revision inference_mode megatron_config megatron_core runtime_config qalora_group_size",
    ignored("it is written by PEFT and decides nothing here"),
  ),
  ...each("base_model_name_or_path", mapped("model_name_or_path")),
  ...each("bias", refused("biases stay frozen", [null, "none"])),
  ...each("lora_bias", refused("biases stay frozen")),
  ...each("fan_in_fan_out", refused("the families that Sift trains store linear layers as [out, in]")),
  ...each("init_lora_weights", refused("A starts uniform as in PEFT and B at zero", [null, true])),
  ...each("use_qalora use_bdlora", refused("LoRA, rsLoRA and DoRA are the adapters there are; leave it out")),
  ...each(
    "trainable_token_indices target_parameters",
    refused("an adapter trains linear layers, and whole modules by modules_to_save"),
  ),
  ...each(
    "ensure_weight_tying",
    refused("a tied embedding or lm_head in modules_to_save is trained as a copy of its own, as PEFT does without it"),
  ),
  ...each("freeze_trainable_modules", refused("whole layers are trained; see freeze_trainable_layers", [null, "all"])),
  ...each("freeze_extra_modules", refused("with finetuning_type: freeze only layers are trained")),
  ...each(
    "exclude_modules layers_to_transform layers_pattern layer_replication",
    refused("name the layers in target_modules"),
  ),
  ...each("rank_pattern alpha_pattern", refused("one rank and one alpha hold for all layers", [null, "{}", ""])),
  ...each(
    "loftq_config eva_config corda_config lora_ga_config velora_config monteclora_config arrow_config kasa_config alora_invocation_tokens",
    refused("plain LoRA with the usual initialisation is the only adapter; leave it out", [null, "{}", ""]),
  ),
];

/** Names that TRL, LLaMA-Factory and people use: unknown here, but the nearest key is known better than by spelling. */
const NEAREST: readonly (readonly [ConfigKey, string])[] = [
  ["max_length", "max_seq_length max_seq_len cutoff_len model_max_length seq_length context_length block_size"],
  ["model_name_or_path", "model_name model_path model_id model base_model"],
  ["train_files", "train_file train_data data_path data_files data dataset dataset_name dataset_path"],
  ["eval_files", "eval_file eval_data eval_dataset validation_file"],
  ["eval_split", "val_size validation_split test_size"],
  ["template", "chat_template chat_template_path"],
  ["system_message", "default_system system_prompt system"],
  ["mask", "completion_only_loss"],
  ["train_on_eos", "eos eot train_eos"],
  ["train_on_reasoning", "reasoning train_on_thinking train_on_think"],
  ["roles_to_train", "roles train_roles"],
  ["loss_scale", "rules regex loss_weights"],
  ["shuffle", "disable_shuffling"],
  ["quantization", "load_in_8bit load_in_4bit"],
  ["finetuning_type", "use_peft method stage"],
  ["lora_r", "lora_rank rank"],
  ["lora_alpha", "alpha"],
  ["use_rslora", "rslora"],
  ["use_dora", "dora"],
  ["modules_to_save", "additional_target"],
  ["freeze_trainable_layers", "num_layer_trainable"],
  ["target_modules", "lora_target"],
  ["num_train_epochs", "epochs num_epochs"],
  ["learning_rate", "lr"],
  ["lr_scheduler_type", "scheduler lr_scheduler"],
  ["per_device_train_batch_size", "batch_size micro_batch_size train_batch_size"],
  ["gradient_accumulation_steps", "grad_accum accumulation_steps"],
  ["max_grad_norm", "clip gradient_clipping"],
  ["output_dir", "output out save_dir"],
];

export const NEAREST_BY_USE: ReadonlyMap<string, ConfigKey> = new Map(
  NEAREST.flatMap(([key, names]) => names.split(" ").map((name) => [name, key] as const)),
);

export const FOREIGN_NAMES: ReadonlyMap<string, ForeignName> = new Map([
  ...TRAINING_ARGUMENTS,
  ...MASKING,
  ...LORA_CONFIG,
]);
