import { SiftError } from "#shared/errors.ts";
import { readCommonConfig, readFactor, readWindow } from "./config.ts";
import type { Family } from "./family.ts";
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

function refuseActivation({ hidden_activation: activation }: RawConfig, file: string): void {
  if (activation == null || activation === "gelu_pytorch_tanh") return;
  const message = `hidden_activation = ${JSON.stringify(activation)} is not supported for model_type gemma3_text`;
  throw new SiftError("model-unsupported", message, { where: { file, what: "hidden_activation" } });
}

function layerAttention(raw: RawConfig, file: string, layers: number) {
  const ropes = bothRopes(raw);
  const global = { rope: readRope(ropes.global, file) };
  const window = readWindow(raw.sliding_window === undefined ? 4096 : raw.sliding_window, file);
  const local = { rope: readRope(ropes.local, file), ...window };
  return layerTypes(raw, file, layers).map((type) => (type === "full_attention" ? global : local));
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

function layerTypes(raw: RawConfig, file: string, layers: number): unknown[] {
  const listed = raw.layer_types;
  if (listed == null) {
    const key = raw.sliding_window_pattern === undefined ? "_sliding_window_pattern" : "sliding_window_pattern";
    const pattern = readFactor(raw, key, { file, fallback: 6 });
    return Array.from({ length: layers }, (_, layer) =>
      (layer + 1) % pattern === 0 ? "full_attention" : "sliding_attention",
    );
  }
  const known = (type: unknown): boolean => type === "full_attention" || type === "sliding_attention";
  if (Array.isArray(listed) && listed.length === layers && listed.every(known)) return listed;
  throw new SiftError(
    "model-config-invalid",
    `layer_types must name full_attention or sliding_attention ${layers} times`,
    {
      where: { file, what: "layer_types" },
    },
  );
}
