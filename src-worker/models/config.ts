import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import type { RawConfig } from "./raw.ts";
import { readRope, type Rope } from "./rope.ts";

/** What the decoder graph needs to know of a model, whatever the family. */
export interface DecoderConfig {
  readonly modelType: string;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly normEpsilon: number;
  readonly rope: Rope;
  /** `lm_head` is the embedding table. */
  readonly tied: boolean;
  readonly queryKeyValueBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  readonly maxPositions: number;
  /** Standard deviation of weights that start at random. */
  readonly initializerRange: number;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const common = v.object({
  model_type: v.string(),
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: v.nullish(count),
  head_dim: v.nullish(count),
  rms_norm_eps: v.optional(v.number(), 1e-6),
  max_position_embeddings: v.optional(count, 2048),
  initializer_range: v.optional(v.number(), 0.02),
  tie_word_embeddings: v.optional(v.boolean(), false),
});

export type ConfigFlags = Pick<DecoderConfig, "queryKeyValueBias" | "outputBias" | "mlpBias">;

/** The keys that all families share. @throws SiftError `model-config-invalid` naming the key. */
export function readCommonConfig(raw: RawConfig, file: string, flags: ConfigFlags): DecoderConfig {
  const parsed = v.safeParse(common, raw);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const key = v.getDotPath(issue) ?? "config";
    throw new SiftError("model-config-invalid", `${key}: ${issue.message}`, { where: { file, what: key } });
  }
  const c = parsed.output;
  const kvHeads = c.num_key_value_heads ?? c.num_attention_heads;
  const headSize = c.head_dim ?? c.hidden_size / c.num_attention_heads;
  if (!Number.isInteger(headSize) || headSize % 2 !== 0)
    throw invalid(file, "head_dim", "an even whole number", headSize);
  if (c.num_attention_heads % kvHeads !== 0)
    throw invalid(file, "num_key_value_heads", "a divisor of num_attention_heads", kvHeads);
  return {
    modelType: c.model_type,
    vocabularySize: c.vocab_size,
    hiddenSize: c.hidden_size,
    intermediateSize: c.intermediate_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    kvHeads,
    headSize,
    normEpsilon: c.rms_norm_eps,
    rope: readRope(raw, file),
    tied: c.tie_word_embeddings,
    maxPositions: c.max_position_embeddings,
    initializerRange: c.initializer_range,
    ...flags,
  };
}

function invalid(file: string, key: string, expected: string, got: unknown): SiftError {
  return new SiftError("model-config-invalid", `${key} must be ${expected}, got ${JSON.stringify(got)}`, {
    where: { file, what: key },
  });
}

const isOff = (value: unknown): boolean => value == null || value === false || value === 0;
const isOne = (value: unknown): boolean => value == null || value === 1;

/** Keys that change a model's mathematics, with the values under which they do not. */
const NEUTRAL: Readonly<Record<string, (value: unknown) => boolean>> = {
  hidden_act: (value) => value == null || value === "silu" || value === "swish",
  hidden_activation: (value) => value == null || value === "silu",
  attention_dropout: isOff,
  pretraining_tp: isOne,
  partial_rotary_factor: isOne,
  use_sliding_window: isOff,
  layer_types: (value) => value == null || (Array.isArray(value) && value.every((type) => type === "full_attention")),
  no_rope_layers: isOff,
  quantization_config: isOff,
  attention_multiplier: isOff,
  embedding_multiplier: isOne,
  residual_multiplier: isOne,
  logits_scaling: isOne,
  logit_scale: isOne,
  final_logit_softcapping: isOff,
  attn_logit_softcapping: isOff,
  query_pre_attn_scalar: isOff,
  use_mrope: isOff,
  use_qk_norm: isOff,
  qk_layernorm: isOff,
  num_experts: isOff,
  num_local_experts: isOff,
  n_routed_experts: isOff,
  clip_qkv: isOff,
};

/** Refuses by name what the decoder would compute differently from the reference. */
export function refuseUnsupported(raw: RawConfig, file: string): void {
  const slides = raw.use_sliding_window !== false && !isOff(raw.sliding_window) && raw.model_type !== "qwen2";
  const key = slides ? "sliding_window" : Object.keys(NEUTRAL).find((name) => !(NEUTRAL[name]?.(raw[name]) ?? true));
  if (key === undefined) return;
  throw new SiftError(
    "model-unsupported",
    `${key} = ${JSON.stringify(raw[key])} is not supported for model_type ${String(raw.model_type)}`,
    {
      where: { file, what: key },
      remedy: "choose a model without it; training it as if the key were not there would give a different model",
    },
  );
}
