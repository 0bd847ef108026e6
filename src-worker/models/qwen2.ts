import { readCommonConfig } from "./config.ts";
import type { Family } from "./family.ts";

/** Qwen 2 and 2.5: queries, keys and values have a bias, whatever the configuration says. */
export const qwen2: Family = {
  modelType: "qwen2",
  architecture: "Qwen2ForCausalLM",
  // has an effect only with use_sliding_window, which is refused
  reads: ["sliding_window"],
  readConfig: (raw, file) =>
    readCommonConfig(raw, file, { queryKeyValueBias: true, outputBias: false, mlpBias: false }),
};
