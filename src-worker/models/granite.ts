import { readCommonConfig, readFactor } from "./config.ts";
import type { Family } from "./family.ts";

/** Granite 3: a Llama with factors for embeddings, attention scores, what a block adds, and (as a divisor) the logits. */
export const granite: Family = {
  modelType: "granite",
  architecture: "GraniteForCausalLM",
  reads: ["embedding_multiplier", "attention_multiplier", "residual_multiplier", "logits_scaling"],
  readConfig(raw, file) {
    const attention = raw.attention_bias === true;
    const factor = (key: string): number => readFactor(raw, key, { file, fallback: 1 });
    return readCommonConfig(raw, file, {
      queryKeyValueBias: attention,
      outputBias: attention,
      mlpBias: raw.mlp_bias === true,
      embeddingScale: factor("embedding_multiplier"),
      attentionScale: factor("attention_multiplier"),
      residualScale: factor("residual_multiplier"),
      logitsScale: 1 / factor("logits_scaling"),
    });
  },
};
