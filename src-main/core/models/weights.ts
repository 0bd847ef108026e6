import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import * as v from "valibot";
import { NO_WEIGHTS } from "#shared/contract/models.ts";
import { SiftError } from "#shared/errors.ts";
import { headerLength, parseHeader } from "#shared/formats/safetensors.ts";

const shardIndex = v.object({ weight_map: v.record(v.string(), v.string()) });

export interface TensorInfo {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** The safetensors files of a model folder: one, or the shards that the index names. @throws SiftError where one is missing */
export function weightFiles(folder: string): string[] {
  const index = join(folder, "model.safetensors.index.json");
  if (existsSync(index)) return shardFiles(folder, index);
  const single = join(folder, "model.safetensors");
  if (existsSync(single)) return [single];
  throw noWeights(folder);
}

function shardFiles(folder: string, index: string): string[] {
  const parsed = v.safeParse(shardIndex, parseJsonFile(index));
  if (!parsed.success)
    throw new SiftError("shard-index", "the shard index names no tensors", { where: { file: index } });
  const names = [...new Set(Object.values(parsed.output.weight_map))];
  const odd = names.find((name) => name !== basename(name));
  if (odd !== undefined) {
    throw new SiftError("shard-index", `a shard lies outside the model folder: ${odd}`, { where: { file: index } });
  }
  const missing = names.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    throw new SiftError(
      "shard-missing",
      `${missing.length} of ${names.length} weight files are missing: ${missing[0]}`,
      {
        where: { file: folder },
        remedy: "download the model again, completely",
      },
    );
  }
  return names.map((name) => join(folder, name));
}

/** Says which kind of folder this is instead. */
function noWeights(folder: string): SiftError {
  const names = readdirSync(folder);
  const where = { file: folder };
  const found = (pattern: RegExp): string | undefined => names.find((name) => pattern.test(name));
  if (names.includes("adapter_config.json")) {
    return new SiftError("model-is-adapter", "this folder holds an adapter, not a model", {
      where,
      remedy: "choose its base model here and the adapter as adapter_name_or_path",
    });
  }
  const gguf = found(/\.gguf$/i);
  if (gguf !== undefined) {
    return new SiftError("model-gguf", `${gguf} is a GGUF file: quantised for inference, it cannot be trained`, {
      where,
      remedy: "choose the original model in the Hugging Face layout (config.json and *.safetensors)",
    });
  }
  const bin = found(/\.(bin|pt|pth|ckpt)$/i);
  if (bin !== undefined) {
    return new SiftError("model-bin", `the weights are only there as ${bin}, a pickle that may run code when opened`, {
      where,
      remedy: "convert them to safetensors, or download the model's safetensors revision",
    });
  }
  return new SiftError(NO_WEIGHTS, "the folder holds no model.safetensors and no shard index", {
    where,
    remedy: "choose the folder that holds config.json and the weights, or finish the download",
  });
}

/** Name → type and shape of each tensor, from the header alone. @throws SiftError `safetensors-truncated`, `safetensors-invalid` */
export function readTensors(file: string): ReadonlyMap<string, TensorInfo> {
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const length = headerLength(readBytes(descriptor, 0, Math.min(8, size)), file, size);
    return parseHeader(readBytes(descriptor, 8, length), file, size).tensors;
  } finally {
    closeSync(descriptor);
  }
}

function readBytes(descriptor: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, position));
}

/** @throws SiftError `json` that names the file */
export function parseJsonFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SiftError("json", `the file cannot be read as JSON: ${message}`, { where: { file } });
  }
}

export const totalBytes = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
