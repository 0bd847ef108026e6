import { readCommonConfig } from "./config.ts";
import type { Family } from "./family.ts";

/** Llama 1–3, TinyLlama, the TinyStories and stories models. `attention_bias` and `mlp_bias` switch all biases of a block. */
export const llama: Family = {
  modelType: "llama",
  architecture: "LlamaForCausalLM",
  readConfig(raw, file) {
    const attention = raw.attention_bias === true;
    return readCommonConfig(raw, file, {
      queryKeyValueBias: attention,
      outputBias: attention,
      mlpBias: raw.mlp_bias === true,
    });
  },
};
