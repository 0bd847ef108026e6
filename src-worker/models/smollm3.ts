import { SiftError } from "#shared/errors.ts";
import { readCommonConfig, readFactor } from "./config.ts";
import type { Family } from "./family.ts";
import type { RawConfig } from "./raw.ts";
import { readRope } from "./rope.ts";

/** SmolLM 3: a Llama that rotates in some layers only. `no_rope_layers` holds 1 for a layer that DOES rotate. */
export const smollm3: Family = {
  modelType: "smollm3",
  architecture: "SmolLM3ForCausalLM",
  // sliding_window has an effect only with use_sliding_window, which is refused
  reads: ["no_rope_layers", "sliding_window"],
  readConfig(raw, file) {
    const attention = raw.attention_bias === true;
    const rope = readRope({ rope_theta: 2e6, ...raw }, file);
    const shared = { tie_word_embeddings: true, num_key_value_heads: 4, ...raw };
    return readCommonConfig(shared, file, {
      queryKeyValueBias: attention,
      outputBias: attention,
      mlpBias: raw.mlp_bias === true,
      attention: (layers) => rotating(raw, file, layers).map((rotates) => (rotates ? { rope } : {})),
    });
  },
};

/** From the list, or every layer but each `no_rope_layer_interval`-th. */
function rotating(raw: RawConfig, file: string, layers: number): boolean[] {
  const listed = raw.no_rope_layers;
  if (listed == null) {
    const interval = readFactor(raw, "no_rope_layer_interval", { file, fallback: 4 });
    return Array.from({ length: layers }, (_, layer) => (layer + 1) % interval !== 0);
  }
  if (Array.isArray(listed) && listed.length === layers && listed.every((value) => value === 0 || value === 1)) {
    return listed.map((value) => value === 1);
  }
  throw new SiftError("model-config-invalid", `no_rope_layers must be ${layers} times 0 or 1`, {
    where: { file, what: "no_rope_layers" },
  });
}
