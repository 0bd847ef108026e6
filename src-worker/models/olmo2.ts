import { readCommonConfig } from "./config.ts";
import type { Family } from "./family.ts";

/** OLMo 2: norms after the blocks instead of before them, and norms of queries and keys across all heads. */
export const olmo2: Family = {
  modelType: "olmo2",
  architecture: "Olmo2ForCausalLM",
  readConfig(raw, file) {
    const bias = raw.attention_bias === true;
    return readCommonConfig({ rms_norm_eps: 1e-5, ...raw }, file, {
      queryKeyValueBias: bias,
      outputBias: bias,
      queryKeyNorm: "full",
      normPlacement: "after",
    });
  },
};
