import { readCommonConfig } from "./config.ts";
import type { Family } from "./family.ts";

/** Qwen 3, dense: a norm of every head's queries and keys; heads of 128 unless `head_dim` says otherwise. */
export const qwen3: Family = {
  modelType: "qwen3",
  architecture: "Qwen3ForCausalLM",
  // has an effect only with use_sliding_window, which is refused
  reads: ["sliding_window"],
  readConfig(raw, file) {
    const bias = raw.attention_bias === true;
    const shared = { head_dim: 128, num_key_value_heads: 32, ...raw };
    return readCommonConfig(shared, file, { queryKeyValueBias: bias, outputBias: bias, queryKeyNorm: "head" });
  },
};
