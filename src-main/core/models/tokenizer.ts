import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import { tokenizerMissing } from "#shared/preview/coder.ts";
import { Tokenizer } from "#shared/text/index.ts";
import { parseJsonFile } from "./weights.ts";

const FILES = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] as const;
const jsonObject = v.record(v.string(), v.unknown());

/** A model's tokenizer with a hash of the files it was made of. */
export interface LoadedTokenizer {
  readonly tokenizer: Tokenizer;
  readonly hash: string;
}

/** Tokenizers kept: a large one takes some 200 MB. */
const MAX_LOADED = 3;
const loaded = new Map<string, { stamp: string; value: LoadedTokenizer }>();

export const hasTokenizer = (folder: string): boolean => existsSync(join(folder, "tokenizer.json"));

/** The tokenizer of a model folder, read again when its files have changed. @throws SiftError `tokenizer-missing` and those of the tokenizer */
export function loadTokenizer(folder: string): LoadedTokenizer {
  const stamp = FILES.map((name) => stampOf(join(folder, name))).join(" ");
  const known = loaded.get(folder);
  loaded.delete(folder); // the newest stands last
  const entry = known?.stamp === stamp ? known : { stamp, value: readTokenizer(folder) };
  loaded.set(folder, entry);
  for (const oldest of [...loaded.keys()].slice(0, Math.max(0, loaded.size - MAX_LOADED))) loaded.delete(oldest);
  return entry.value;
}

function readTokenizer(folder: string): LoadedTokenizer {
  if (!hasTokenizer(folder)) throw tokenizerMissing(folder);
  const hash = createHash("sha256");
  for (const name of FILES) if (existsSync(join(folder, name))) hash.update(readFileSync(join(folder, name)));
  const tokenizer = new Tokenizer(parseJsonFile(join(folder, "tokenizer.json")), tokenizerConfig(folder));
  return { tokenizer, hash: hash.digest("hex") };
}

/** What a `Tokenizer` is given as its configuration. */
export function tokenizerConfig(folder: string): Record<string, unknown> {
  return { ...specialTokensMap(folder), ...objectOf(join(folder, "tokenizer_config.json")) };
}

/** Older folders name their special tokens here only; tokenizer_config.json wins. */
const specialTokensMap = (folder: string): Record<string, unknown> => objectOf(join(folder, "special_tokens_map.json"));

function objectOf(file: string): Record<string, unknown> {
  if (!existsSync(file)) return {};
  const parsed = v.safeParse(jsonObject, parseJsonFile(file));
  if (!parsed.success) throw new SiftError("tokenizer-file", "the file holds no object", { where: { file } });
  return parsed.output;
}

function stampOf(file: string): string {
  const info = statSync(file, { throwIfNoEntry: false });
  return info ? `${info.size}:${info.mtimeMs}` : "-";
}
