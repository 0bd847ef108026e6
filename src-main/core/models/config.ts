import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { ModelShape } from "#shared/config/index.ts";
import { SiftError } from "#shared/errors.ts";
import { parseJsonFile, weightFiles } from "./weights.ts";

const modelConfig = v.looseObject({
  model_type: v.optional(v.string()),
  auto_map: v.optional(v.unknown()),
  vocab_size: v.optional(v.number()),
  hidden_size: v.optional(v.number()),
  intermediate_size: v.optional(v.number()),
  num_hidden_layers: v.optional(v.number()),
  num_attention_heads: v.optional(v.number()),
  num_key_value_heads: v.nullish(v.number()),
  head_dim: v.nullish(v.number()),
  quantization_config: v.optional(v.unknown()),
});
export type ModelConfig = v.InferOutput<typeof modelConfig>;

/** config.json of a model folder. @throws SiftError `model-folder`, `model-config` */
export function readModelConfig(folder: string): ModelConfig {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new SiftError("model-folder", "there is no such folder", { where: { file: folder } });
  }
  const file = join(folder, "config.json");
  if (!existsSync(file)) {
    weightFiles(folder); // says what the folder holds instead, where it can
    throw new SiftError("model-config", "the folder holds no config.json", {
      where: { file: folder },
      remedy: "choose the folder of a model in the Hugging Face layout",
    });
  }
  const parsed = v.safeParse(modelConfig, parseJsonFile(file));
  if (!parsed.success) throw new SiftError("model-config", "config.json is not an object", { where: { file } });
  return parsed.output;
}

/** What the memory of a run follows from; undefined where config.json does not say it all. */
export function modelShape(config: ModelConfig, parameters: number): ModelShape | undefined {
  const { vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads: heads } = config;
  if (!vocab_size || !hidden_size || !intermediate_size || !num_hidden_layers || !heads) return undefined;
  const head = config.head_dim ?? hidden_size / heads;
  return {
    vocabularySize: vocab_size,
    hiddenSize: hidden_size,
    intermediateSize: intermediate_size,
    layers: num_hidden_layers,
    queryWidth: heads * head,
    keyWidth: (config.num_key_value_heads ?? heads) * head,
    parameters,
  };
}
