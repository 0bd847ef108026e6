import { SiftError } from "#shared/errors.ts";
import type { RawConfig } from "./raw.ts";

export function invalidKey(
  file: string,
  key: string,
  { expected, got }: { expected: string; got: unknown },
): SiftError {
  return new SiftError("model-config-invalid", `${key} must be ${expected}, got ${JSON.stringify(got)}`, {
    where: { file, what: key },
  });
}

export const isOff = (value: unknown): boolean => value == null || value === false || value === 0;
const isOne = (value: unknown): boolean => value == null || value === 1;
const isSilu = (value: unknown): boolean => value == null || value === "silu" || value === "swish";

/** Keys that change a model's mathematics, with the values under which they do not. */
const NEUTRAL: Readonly<Record<string, (value: unknown, raw: RawConfig) => boolean>> = {
  sliding_window: (value, raw) => isOff(value) || raw.use_sliding_window === false,
  hidden_act: isSilu,
  hidden_activation: isSilu,
  attention_dropout: isOff,
  embd_pdrop: isOff,
  resid_pdrop: isOff,
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
  use_bidirectional_attention: isOff,
  use_mrope: isOff,
  use_qk_norm: isOff,
  qk_layernorm: isOff,
  num_experts: isOff,
  num_local_experts: isOff,
  n_routed_experts: isOff,
  clip_qkv: isOff,
};

export const NEUTRAL_KEYS = Object.keys(NEUTRAL);

/**
 * Refuses by name what the decoder would compute differently from the reference; `reads` are keys that the family
 * itself understands. @throws SiftError `model-unsupported`
 */
export function refuseUnsupported(raw: RawConfig, file: string, reads: readonly string[] = []): void {
  const differs = (name: string): boolean => !(NEUTRAL[name]?.(raw[name], raw) ?? true);
  const key = Object.keys(NEUTRAL).find((name) => !reads.includes(name) && differs(name));
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
