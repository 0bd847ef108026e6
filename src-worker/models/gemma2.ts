import { isOff } from "./unsupported.ts";
import { readCommonConfig, readFactor, readWindow } from "./config.ts";
import type { Family } from "./family.ts";
import { layerTypes, refuseActivation } from "./gemma.ts";
import type { RawConfig } from "./raw.ts";
import { readRope } from "./rope.ts";

/**
 * Gemma 2: norms around the blocks that multiply by 1 + weight, embeddings times √hiddenSize, GELU, attention scores and
 * logits under soft caps, and a sliding window in every other layer, the first included.
 */
export const gemma2: Family = {
  modelType: "gemma2",
  architecture: "Gemma2ForCausalLM",
  reads: [
    "sliding_window",
    "layer_types",
    "hidden_activation",
    "query_pre_attn_scalar",
    "attn_logit_softcapping",
    "final_logit_softcapping",
  ],
  readConfig(raw, file) {
    refuseActivation(raw, file);
    const bias = raw.attention_bias === true;
    const shared = { head_dim: 256, num_key_value_heads: 4, tie_word_embeddings: true, ...raw };
    return readCommonConfig(shared, file, {
      queryKeyValueBias: bias,
      outputBias: bias,
      normPlacement: "around",
      normOffset: 1,
      activation: "geluTanh",
      embeddingScale: Math.sqrt(readFactor(raw, "hidden_size", { file, fallback: 2304 })),
      attentionScale: readFactor(raw, "query_pre_attn_scalar", { file, fallback: 256 }) ** -0.5,
      ...cap(raw, "attn_logit_softcapping", { file, fallback: 50, as: "attentionSoftcap" }),
      ...cap(raw, "final_logit_softcapping", { file, fallback: 30, as: "logitsSoftcap" }),
      attention: (layers) => layerAttention(raw, file, layers),
    });
  },
};

/** An absent key has the family's cap, null has none. */
function cap<K extends string>(
  raw: RawConfig,
  key: string,
  { file, fallback, as }: { file: string; fallback: number; as: K },
): { readonly [_ in K]?: number } {
  const given = raw[key] === undefined ? fallback : raw[key];
  if (isOff(given)) return {};
  return { [as]: readFactor(raw, key, { file, fallback }) } as { readonly [_ in K]: number };
}

function layerAttention(raw: RawConfig, file: string, layers: number) {
  const rope = readRope(raw, file);
  const window = readWindow(raw.sliding_window === undefined ? 4096 : raw.sliding_window, file);
  const types = layerTypes(raw, { file, layers, every: 2 });
  return types.map((type) => (type === "full_attention" ? { rope } : { rope, ...window }));
}
