import { readCommonConfig, readFactor, readWindow } from "./config.ts";
import type { Family } from "./family.ts";
import { layerTypes, refuseActivation } from "./gemma.ts";
import type { RawConfig } from "./raw.ts";
import { readRope } from "./rope.ts";

/**
 * Gemma 3, text: norms around the blocks that multiply by 1 + weight, heads of queries and keys normed, embeddings times
 * √hiddenSize, GELU, and local layers (a sliding window, rotation of their own) between global ones.
 */
export const gemma3: Family = {
  modelType: "gemma3_text",
  architecture: "Gemma3ForCausalLM",
  reads: ["sliding_window", "layer_types", "hidden_activation", "query_pre_attn_scalar"],
  readConfig(raw, file) {
    refuseActivation(raw, file);
    const bias = raw.attention_bias === true;
    const shared = { head_dim: 256, num_key_value_heads: 4, tie_word_embeddings: true, ...raw };
    return readCommonConfig(shared, file, {
      queryKeyValueBias: bias,
      outputBias: bias,
      queryKeyNorm: "head",
      normPlacement: "around",
      normOffset: 1,
      activation: "geluTanh",
      embeddingScale: Math.sqrt(readFactor(raw, "hidden_size", { file, fallback: 2304 })),
      attentionScale: readFactor(raw, "query_pre_attn_scalar", { file, fallback: 256 }) ** -0.5,
      attention: (layers) => layerAttention(raw, file, layers),
    });
  },
};

function layerAttention(raw: RawConfig, file: string, layers: number) {
  const ropes = bothRopes(raw);
  const global = { rope: readRope(ropes.global, file) };
  const window = readWindow(raw.sliding_window === undefined ? 4096 : raw.sliding_window, file);
  const local = { rope: readRope(ropes.local, file), ...window };
  return layerTypes(raw, { file, layers, every: 6 }).map((type) => (type === "full_attention" ? global : local));
}

/** transformers 5 has rope parameters by type of layer, 4 scales the global ones and has `rope_local_base_freq`. */
function bothRopes(raw: RawConfig): { global: RawConfig; local: RawConfig } {
  const parameters = raw.rope_parameters as RawConfig | null | undefined;
  if (parameters?.full_attention !== undefined) {
    return {
      global: { rope_theta: 1e6, rope_parameters: parameters.full_attention },
      local: { rope_theta: 1e4, rope_parameters: parameters.sliding_attention },
    };
  }
  return {
    global: { rope_theta: 1e6, ...raw },
    local: { rope_theta: raw.rope_local_base_freq ?? 1e4 },
  };
}
