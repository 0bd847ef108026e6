import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { SiftError } from "#shared/errors.ts";
import { checkUnknownKeys } from "./config-keys.ts";
import type { DecoderConfig } from "./config.ts";
import type { RawConfig } from "./raw.ts";
import type { Family } from "./family.ts";
import { gemma2 } from "./gemma2.ts";
import { gemma3 } from "./gemma3.ts";
import { granite } from "./granite.ts";
import { llama } from "./llama.ts";
import { mistral } from "./mistral.ts";
import { olmo2 } from "./olmo2.ts";
import { EMBEDDING, linearModules, LM_HEAD, parametersOf, type Parameter } from "./parameters.ts";
import { phi3 } from "./phi3.ts";
import { formatOf } from "./quantize.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";
import { smollm3 } from "./smollm3.ts";
import { locateTensors, READABLE_DTYPES, type TensorLocation } from "./tensors.ts";
import { refuseUnsupported } from "./unsupported.ts";

const FAMILIES: readonly Family[] = [llama, qwen2, mistral, qwen3, olmo2, granite, smollm3, phi3, gemma2, gemma3];
export const SUPPORTED_MODEL_TYPES = FAMILIES.map((family) => family.modelType);

/** A model that can be built: its decoder, its parameters, and where their values come from. */
export interface ModelSpec {
  /** Absent for a model that starts from a configuration alone. */
  readonly directory?: string;
  readonly family: Family;
  readonly config: DecoderConfig;
  /** config.json as it stands. */
  readonly raw: RawConfig;
  readonly parameters: readonly Parameter[];
  /** Where each parameter's values lie; empty where they start at random. */
  readonly tensors: ReadonlyMap<string, TensorLocation>;
  /** What was ignored, in words, for the run record. */
  readonly notices: readonly string[];
}

/** A decoder from the contents of a config.json. @throws SiftError `model-type`, `model-config-invalid`, `model-unsupported`. */
export function modelFromConfig(raw: RawConfig, file = "config.json"): ModelSpec {
  const family = FAMILIES.find(({ modelType }) => modelType === raw.model_type);
  if (!family) {
    throw new SiftError("model-type", `model_type ${JSON.stringify(raw.model_type ?? null)} is not supported`, {
      where: { file, what: "model_type" },
      remedy: `supported: ${SUPPORTED_MODEL_TYPES.join(", ")}`,
    });
  }
  refuseUnsupported(raw, file, family.reads);
  const unknown = checkUnknownKeys(raw, file, family.reads);
  const config = family.readConfig(raw, file);
  const code = raw.auto_map === undefined ? [] : ["config.json names code of its own (auto_map); it is never executed"];
  return { family, config, raw, parameters: parametersOf(config), tensors: new Map(), notices: [...code, ...unknown] };
}

/** The same model with the frozen weights of its linear layers in 4 or 8 bits. */
export function quantizedModel(model: ModelSpec, bits: 4 | 8): ModelSpec {
  const config = { ...model.config, quantized: bits };
  const whole = linearModules(config).filter((module) => !formatOf(config, module));
  const notice = `${whole.length} layers stay in float32, their inputs being no multiple of 16: ${whole[0]?.name ?? ""} …`;
  return { ...model, config, notices: whole.length > 0 ? [...model.notices, notice] : model.notices };
}

/** A model folder as `transformers` writes it. Reads headers only. @throws SiftError that says what is wrong and what to do. */
export function loadModel(directory: string): ModelSpec {
  const files = listFolder(directory);
  const file = join(directory, "config.json");
  if (!files.includes("config.json")) throw withoutConfig(directory, files);
  const spec = modelFromConfig(readJson(file, "model-config-invalid"), file);
  const { found, unused } = placeParameters(spec, locateAll(directory, files), directory);
  return { ...spec, directory, tensors: found, notices: [...spec.notices, ...unused] };
}

/** A model of a folder's config.json whose weights are still to be drawn; weights that lie there are not read. */
export function blankModel(directory: string): ModelSpec {
  const files = listFolder(directory);
  const file = join(directory, "config.json");
  if (!files.includes("config.json")) throw withoutConfig(directory, files);
  const spec = modelFromConfig(readJson(file, "model-config-invalid"), file);
  const weights = files.filter((name) => name.endsWith(".safetensors"));
  const unused = weights.length > 0 ? [`from_scratch: the weights in ${weights.join(", ")} are not used`] : [];
  return { ...spec, notices: [...spec.notices, ...unused] };
}

function listFolder(directory: string): string[] {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new SiftError("model-folder-missing", `there is no folder ${directory}`, {
      where: { file: directory },
      remedy: "give the folder that holds config.json and *.safetensors",
    });
  }
  return readdirSync(directory);
}

function withoutConfig(directory: string, files: readonly string[]): SiftError {
  const where = { file: directory };
  if (files.includes("adapter_config.json")) {
    return new SiftError("model-is-adapter", "this folder holds an adapter, not a model", {
      where,
      remedy: "give its base model as model_name_or_path and this folder as adapter_name_or_path",
    });
  }
  if (files.some((name) => name.endsWith(".gguf"))) return gguf(directory);
  return new SiftError("model-config-missing", "the folder has no config.json", {
    where,
    remedy: "give the folder that holds config.json and *.safetensors",
  });
}

const gguf = (directory: string): SiftError =>
  new SiftError("model-gguf", "the folder holds GGUF files, which are made for inference", {
    where: { file: directory },
    remedy: "use the same model's original repository, the one with *.safetensors",
  });

/** The contents of a JSON file that must be an object. */
export function readJson(file: string, code: string): RawConfig {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as RawConfig;
  } catch (cause) {
    throw new SiftError(code, `not readable as JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      where: { file },
      cause,
    });
  }
  throw new SiftError(code, "expected a JSON object", { where: { file } });
}

/** Tensors of model.safetensors, or of the shards that the index names. */
function locateAll(directory: string, files: readonly string[]): Map<string, TensorLocation> {
  const all = new Map<string, TensorLocation>();
  for (const name of weightFiles(directory, files)) {
    for (const [tensor, location] of locateTensors(join(directory, name))) all.set(tensor, location);
  }
  return all;
}

function weightFiles(directory: string, files: readonly string[]): readonly string[] {
  if (files.includes("model.safetensors")) return ["model.safetensors"];
  const index = "model.safetensors.index.json";
  if (files.includes(index)) return shards(join(directory, index), files);
  const loose = files.filter((name) => name.endsWith(".safetensors") && !name.startsWith("adapter_"));
  if (loose.length > 0) return loose;
  throw withoutWeights(directory, files);
}

function shards(index: string, files: readonly string[]): string[] {
  const map = readJson(index, "model-index-invalid").weight_map;
  const names = typeof map === "object" && map !== null ? [...new Set(Object.values(map))] : [];
  return names.map((name) => {
    if (typeof name === "string" && files.includes(name)) return name;
    throw new SiftError("model-weights-missing", `the index names ${String(name)}, which is not there`, {
      where: { file: index },
      remedy: "download the missing part",
    });
  });
}

function withoutWeights(directory: string, files: readonly string[]): SiftError {
  const where = { file: directory };
  if (files.some((name) => name.endsWith(".gguf"))) return gguf(directory);
  const pickle = files.find((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  if (pickle !== undefined) {
    return new SiftError(
      "model-pickle",
      `the weights are only there as ${pickle}, a format that can run code when it is read`,
      {
        where,
        remedy: "use a version of the model with *.safetensors, or convert it with transformers' save_pretrained",
      },
    );
  }
  return new SiftError("model-weights-missing", "the folder has a config.json but no *.safetensors", {
    where,
    remedy: "download the weights, or set from_scratch: true to train new ones from config.json",
  });
}

/** Finds every parameter's tensor; of a tied model either of the two names will do. */
function placeParameters(
  spec: ModelSpec,
  all: ReadonlyMap<string, TensorLocation>,
  directory: string,
): { found: Map<string, TensorLocation>; unused: string[] } {
  const found = new Map<string, TensorLocation>();
  const used = new Set<string>();
  for (const parameter of spec.parameters) {
    const tied = spec.config.tied && parameter.name === EMBEDDING ? [LM_HEAD] : [];
    const names = [parameter.name, parameter.name.replace(/^model\./, ""), ...tied];
    const name = names.find((candidate) => all.has(candidate));
    const location = name === undefined ? undefined : all.get(name);
    if (name === undefined || !location) throw missingTensor(parameter.name, directory);
    checkTensor(parameter, location);
    found.set(parameter.name, location);
    used.add(name);
  }
  const known = (name: string): boolean =>
    used.has(name) || name.endsWith("rotary_emb.inv_freq") || (spec.config.tied && name === LM_HEAD);
  const unused = [...all.keys()].filter((name) => !known(name));
  const notice = `${unused.length} tensors of the file are not part of the model: ${unused.slice(0, 5).join(", ")}`;
  return { found, unused: unused.length > 0 ? [notice] : [] };
}

const missingTensor = (name: string, directory: string): SiftError =>
  new SiftError("model-tensor-missing", `the weights have no tensor ${name}`, {
    where: { file: directory, what: name },
    remedy: "config.json and weights do not belong together, or a part is missing",
  });

function checkTensor({ name, shape }: Parameter, location: TensorLocation): void {
  const where = { file: location.file, what: name };
  if (location.shape.join() !== shape.join()) {
    throw new SiftError(
      "model-shape",
      `${name} has the shape [${location.shape.join(", ")}], config.json makes it [${shape.join(", ")}]`,
      {
        where,
        remedy: "config.json and weights do not belong together",
      },
    );
  }
  if (!READABLE_DTYPES.includes(location.dtype)) {
    throw new SiftError("model-dtype", `${name} is stored as ${location.dtype}`, {
      where,
      remedy: `use a version of the model in one of ${READABLE_DTYPES.join(", ")}`,
    });
  }
}
