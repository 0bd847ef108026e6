import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import { parseJsonFile, weightFiles } from "./weights.ts";

const modelConfig = v.looseObject({
  model_type: v.optional(v.string()),
  auto_map: v.optional(v.unknown()),
  vocab_size: v.optional(v.number()),
  hidden_size: v.optional(v.number()),
  intermediate_size: v.optional(v.number()),
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
