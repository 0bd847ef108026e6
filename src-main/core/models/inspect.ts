import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { ModelEntry } from "#shared/contract/models.ts";
import { toErrorReport, type ErrorReport } from "#shared/errors.ts";
import { modelShape, readModelConfig, type ModelConfig } from "./config.ts";
import { checkShapes } from "./shapes.ts";
import { ownTemplate } from "./template.ts";
import { readTensors, totalBytes, weightFiles, type TensorInfo } from "./weights.ts";

/** `model_type`s that the worker can train. */
export const TRAINABLE_MODEL_TYPES: readonly string[] = [
  "llama",
  "qwen2",
  "mistral",
  "qwen3",
  "olmo2",
  "granite",
  "smollm3",
  "phi3",
  "gemma2",
  "gemma3_text",
];

/** Tensors of all weight files. @throws SiftError of weights.ts */
export function readAllTensors(folder: string): Map<string, TensorInfo> {
  return new Map(weightFiles(folder).flatMap((file) => [...readTensors(file)]));
}

const parameterCount = (tensors: ReadonlyMap<string, TensorInfo>): number =>
  [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);

/** Everything the list of models shows; what stands in the way of training is in `problem`. Reads headers only. */
export function inspectModel(path: string, source: ModelEntry["source"], name?: string): ModelEntry {
  const folder = resolve(path);
  const entry = {
    path: folder,
    name: name ?? basename(folder),
    source,
    modelType: null,
    parameters: null,
    shape: null,
    bytes: folderBytes(folder),
    hasTemplate: templateOf(folder),
    hasTokenizer: existsSync(join(folder, "tokenizer.json")),
    problem: null,
  };
  let modelType: string | null = null;
  try {
    const config = readModelConfig(folder);
    modelType = config.model_type ?? null;
    const tensors = readAllTensors(folder);
    const problem = configProblem(config, folder);
    if (problem === null) checkShapes(folder, config, tensors);
    const parameters = parameterCount(tensors);
    return { ...entry, modelType, parameters, shape: modelShape(config, parameters) ?? null, problem };
  } catch (error) {
    return { ...entry, modelType, problem: toErrorReport(error) };
  }
}

/** What stands in the way of training a model from its config.json alone, with weights that are drawn. */
export function blankProblem(folder: string): ErrorReport | null {
  try {
    return configProblem(readModelConfig(folder), folder);
  } catch (error) {
    return toErrorReport(error);
  }
}

function configProblem(config: ModelConfig, folder: string): ErrorReport | null {
  const file = join(folder, "config.json");
  const type = config.model_type;
  if (type === undefined) {
    return { code: "model-type", message: "config.json has no model_type", where: { file } };
  }
  if (TRAINABLE_MODEL_TYPES.includes(type)) return quantizedProblem(config, file);
  const supported = TRAINABLE_MODEL_TYPES.join(", ");
  const ownCode = config.auto_map !== undefined;
  return {
    code: ownCode ? "model-auto-map" : "model-type",
    message: ownCode
      ? `${type} brings its own code (auto_map), which is never executed`
      : `${type} is not a model family that can be trained here`,
    where: { file, what: "model_type" },
    remedy: `choose a model of one of these families: ${supported}`,
  };
}

function quantizedProblem(config: ModelConfig, file: string): ErrorReport | null {
  if (config.quantization_config === undefined) return null;
  return {
    code: "model-quantized",
    message: "the weights are stored quantised and cannot be trained as they are",
    where: { file, what: "quantization_config" },
    remedy: "choose the original, unquantised model",
  };
}

/** Whether a template is there; one that cannot be read is reported when it is used. */
function templateOf(folder: string): boolean {
  try {
    return ownTemplate(folder) !== undefined;
  } catch {
    return true;
  }
}

function folderBytes(folder: string): number {
  try {
    return totalBytes(readdirSync(folder).map((name) => join(folder, name)));
  } catch {
    return 0;
  }
}
