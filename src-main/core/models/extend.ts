import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { AddedTokens } from "#shared/contract/models.ts";
import { SiftError } from "#shared/errors.ts";
import { WORKER_PROTOCOL, type ExtendJob } from "#shared/worker/protocol.ts";
import { explainExit } from "../runs/failure.ts";
import { WorkerProcess } from "../runs/worker-process.ts";
import { cancelled } from "../system/jobs.ts";
import { fromReport } from "../system/reports.ts";
import { readModelConfig } from "./config.ts";
import { loadTokenizer } from "./tokenizer.ts";
import { parseJsonFile, weightFiles } from "./weights.ts";

export interface TokenRequest {
  readonly modelPath: string;
  readonly tokens: readonly string[];
  /** A folder that does not exist. */
  readonly target: string;
}
interface NewToken {
  readonly content: string;
  readonly id: number;
}

/** Weights of every format, and what is too large to be a file beside them. */
const WEIGHTS = /\.(safetensors|bin|pt|pth|ckpt|gguf|h5|msgpack|onnx)$/i;
const MAX_SMALL_FILE = 256 << 20;
/** Says which tokens a model was given, and that their rows are still to be trained. */
export const MARKER = "sift_added_tokens.json";

/**
 * A copy of a model whose tokenizer knows more special tokens, each with a row of the embedding (and of the head) that starts as the
 * mean of the others. The model itself stays as it is.
 * @throws SiftError `token-known`, `token-empty`, `folder-exists`, those of the model's files
 */
export async function addTokens(request: TokenRequest, signal?: AbortSignal): Promise<AddedTokens> {
  const { modelPath, target } = request;
  if (existsSync(target)) {
    throw new SiftError("folder-exists", "there is such a folder already", { where: { file: target } });
  }
  const { tokenizer } = loadTokenizer(modelPath);
  const tokens = newTokens(request.tokens, tokenizer);
  const { vocab_size: before = 0 } = readModelConfig(modelPath);
  const rows = Math.max(before, tokenizer.vocabularySize + tokens.length);
  const folder = `${target}.part`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    const newRows = tokens.map(({ id }) => id);
    const files = weightFiles(modelPath);
    const grown = await writeWeights(
      { files, targetDir: folder, rows, knownRows: tokenizer.vocabularySize, newRows },
      signal,
    );
    copySmallFiles(modelPath, folder);
    editFiles(folder, { tokens, rows, grown, base: modelPath });
    renameSync(folder, target);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return { path: target, tokens: tokens.map((token) => ({ ...token })), rows, resized: rows > before };
}

function newTokens(contents: readonly string[], tokenizer: ReturnType<typeof loadTokenizer>["tokenizer"]): NewToken[] {
  const wanted = [...new Set(contents)];
  if (wanted.length === 0 || wanted.some((content) => content.trim() === "")) {
    throw new SiftError("token-empty", "a token to be added has no text");
  }
  const known = wanted.find((content) => tokenizer.tokenToId(content) !== undefined);
  if (known === undefined) return wanted.map((content, i) => ({ content, id: tokenizer.vocabularySize + i }));
  throw new SiftError("token-known", `the tokenizer has ${JSON.stringify(known)} already`, {
    remedy: "leave it out: it needs no new row",
  });
}

function copySmallFiles(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    const file = join(from, name);
    const info = statSync(file);
    if (name.startsWith(".") || WEIGHTS.test(name)) continue;
    if (info.isFile() && info.size <= MAX_SMALL_FILE) copyFileSync(file, join(to, name));
    if (info.isDirectory() && name === "additional_chat_templates") cpSync(file, join(to, name), { recursive: true });
  }
}

const record = v.record(v.string(), v.unknown());
const objectOf = (value: unknown): Record<string, unknown> => v.parse(v.optional(record, {}), value ?? undefined);

interface Edits {
  readonly tokens: readonly NewToken[];
  readonly rows: number;
  readonly grown: number;
  readonly base: string;
}

function editFiles(folder: string, { tokens, rows, grown, base }: Edits): void {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  edit(folder, "config.json", (config) => ({ ...config, vocab_size: rows }));
  edit(folder, "tokenizer.json", (json) => {
    const known = v.parse(v.optional(v.array(v.unknown()), []), json["added_tokens"]);
    return {
      ...json,
      added_tokens: [...known, ...tokens.map(({ id, content }) => ({ id, content, ...flags, special: true }))],
    };
  });
  edit(folder, "tokenizer_config.json", (config) => {
    const entries = tokens.map(({ id, content }): [string, unknown] => [
      String(id),
      { content, ...flags, special: true },
    ]);
    const decoder = { ...objectOf(config["added_tokens_decoder"]), ...Object.fromEntries(entries) };
    return { ...config, added_tokens_decoder: decoder };
  });
  edit(folder, "added_tokens.json", (known) => {
    return { ...known, ...Object.fromEntries(tokens.map(({ id, content }) => [content, id])) };
  });
  edit(folder, "model.safetensors.index.json", (index) => {
    const metadata = objectOf(index["metadata"]);
    const size = metadata["total_size"];
    return typeof size === "number" ? { ...index, metadata: { ...metadata, total_size: size + grown } } : index;
  });
  writeFileSync(join(folder, MARKER), `${JSON.stringify({ base, tokens }, null, 2)}\n`);
}

/** A file that the model has, changed. */
function edit(folder: string, name: string, change: (json: Record<string, unknown>) => Record<string, unknown>): void {
  const file = join(folder, name);
  if (!existsSync(file)) return;
  writeFileSync(file, `${JSON.stringify(change(v.parse(record, parseJsonFile(file))), null, 2)}\n`);
}

/** In a process of its own: the mean of an embedding is a computation. */
function writeWeights(job: Omit<ExtendJob, "kind" | "protocol">, signal: AbortSignal | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled());
    let grown: number | undefined;
    const worker = new WorkerProcess({
      onEvent: (event) => {
        if (event.type === "extended") grown = event.bytes;
        else if (event.type === "failed") reject(fromReport(event.error));
      },
      onExit: (exit) => {
        signal?.removeEventListener("abort", stop);
        if (grown !== undefined) resolve(grown);
        else reject(signal?.aborted ? cancelled() : fromReport(explainExit(exit, { outputDir: job.targetDir })));
      },
    });
    const stop = (): void => worker.kill();
    signal?.addEventListener("abort", stop);
    worker.send({ type: "job", job: { kind: "extend", protocol: WORKER_PROTOCOL, ...job } });
  });
}

const marker = v.object({ tokens: v.array(v.object({ content: v.string(), id: v.number() })) });

/** Tokens that a model was given whose rows nobody has trained yet. */
export function untrainedTokens(modelPath: string): string[] {
  const file = join(modelPath, MARKER);
  if (!existsSync(file)) return [];
  const parsed = v.safeParse(marker, JSON.parse(readFileSync(file, "utf8")));
  return parsed.success ? parsed.output.tokens.map(({ content }) => content) : [];
}

interface Method {
  readonly finetuning_type: string;
  readonly modules_to_save: readonly string[];
  readonly adapter_name_or_path: string | null;
}

/** Why a run would leave the rows of new tokens as they are: an adapter does not reach them by itself. Undefined where it trains them. */
export function untrainedRows(modelPath: string, config: Method): SiftError | undefined {
  if (config.finetuning_type === "full" || config.adapter_name_or_path !== null) return undefined;
  const trains = (name: string): boolean => config.modules_to_save.some((each) => each === name);
  if (config.finetuning_type === "lora" && trains("embed_tokens") && trains("lm_head")) return undefined;
  const tokens = untrainedTokens(modelPath);
  if (tokens.length === 0) return undefined;
  const message = `the rows of the new tokens ${tokens.join(" ")} would stay as they are: ${config.finetuning_type} does not train them`;
  return new SiftError("tokens-untrained", message, {
    where: { what: "modules_to_save" },
    remedy:
      "set modules_to_save: [embed_tokens, lm_head] or finetuning_type: full, or choose a format whose tokens the model has",
  });
}
