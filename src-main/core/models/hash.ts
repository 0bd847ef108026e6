import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { weightFiles } from "./weights.ts";

/** Files besides the weights that decide what a model computes. */
const CONFIG_FILES = ["config.json", "adapter_config.json", "adapter_model.safetensors"];

/** File hashes by path, size and time of change: weights are read once a session. */
const known = new Map<string, string>();

interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  /** False for a model whose weights are drawn: its configuration alone decides. */
  readonly weights?: boolean;
}

/** SHA-256 over name and content of everything that decides what the model computes. @throws SiftError without weights */
export async function modelHash(folder: string, { signal, weights: wanted = true }: HashOptions = {}): Promise<string> {
  const names = CONFIG_FILES.map((name) => join(folder, name)).filter((file) => existsSync(file));
  const weights = !wanted || existsSync(join(folder, "adapter_config.json")) ? [] : weightFiles(folder);
  const hash = createHash("sha256");
  for (const file of [...names, ...weights]) hash.update(await fileHash(file, signal));
  return hash.digest("hex");
}

async function fileHash(file: string, signal?: AbortSignal): Promise<string> {
  const { size, mtimeMs } = statSync(file);
  const key = JSON.stringify([file, size, mtimeMs]);
  const cached = known.get(key);
  if (cached !== undefined) return cached;
  const hash = createHash("sha256");
  const stream = createReadStream(file, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) });
  for await (const chunk of stream) hash.update(chunk as Buffer);
  const digest = hash.digest("hex");
  known.set(key, digest);
  return digest;
}
