import { alike, readCommonConfig, readWindow } from "./config.ts";
import type { Family } from "./family.ts";
import { readRope } from "./rope.ts";

/** Phi 3 and 3.5 mini, 4k: a Llama with fused projections, and a sliding window where the key is set. */
export const phi3: Family = {
  modelType: "phi3",
  architecture: "Phi3ForCausalLM",
  reads: ["sliding_window"],
  readConfig(raw, file) {
    const attention = { rope: readRope(raw, file), ...readWindow(raw.sliding_window, file) };
    return readCommonConfig({ rms_norm_eps: 1e-5, ...raw }, file, {
      fused: true,
      attention: (layers) => alike(layers, attention),
    });
  },
};
