import { alike, readCommonConfig, readWindow } from "./config.ts";
import type { Family } from "./family.ts";
import { readRope } from "./rope.ts";

/** Mistral 7B and Nemo: a Llama whose layers may all have a sliding window (4,096 where the key is absent). */
export const mistral: Family = {
  modelType: "mistral",
  architecture: "MistralForCausalLM",
  reads: ["sliding_window"],
  readConfig(raw, file) {
    const window = readWindow(raw.sliding_window === undefined ? 4096 : raw.sliding_window, file);
    const rope = readRope(raw, file);
    const shared = { num_key_value_heads: 8, max_position_embeddings: 4096 * 32, ...raw };
    return readCommonConfig(shared, file, { attention: (layers) => alike(layers, { rope, ...window }) });
  },
};
