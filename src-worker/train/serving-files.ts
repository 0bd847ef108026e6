import { copyFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { SiftError } from "#shared/errors.ts";
import {
  editGenerationConfig,
  editModelConfig,
  editSpecialTokensMap,
  editTokenizerConfig,
  type Serving,
} from "#shared/formats/serving.ts";
import type { ServingTemplate } from "#shared/worker/protocol.ts";
import { withDiskErrors, writeDurable } from "./files.ts";

/** Tokenizer files that are copied as they are, where the model folder has them. */
const COPIED = ["tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", "added_tokens.json"];

/** Bytes of the tokenizer files that are copied beside saved weights. */
export const servingBytes = (modelDir: string): number =>
  COPIED.reduce((sum, name) => sum + (statSync(join(modelDir, name), { throwIfNoEntry: false })?.size ?? 0), 0);

export interface ServingSource {
  readonly modelDir: string;
  readonly template: ServingTemplate;
  /** Full fine-tuning saves float32 weights, which config.json has to say. */
  readonly full: boolean;
}

/** Writes config, tokenizer, template and generation files beside saved weights; returns the names of the files. */
export function writeServingFiles(folder: string, source: ServingSource): string[] {
  const { modelDir, template } = source;
  const serving: Serving = {
    template: template.source,
    defaultSystem: template.defaultSystem,
    endOfTurn: template.endOfTurn,
    stopIds: template.stopIds,
    pad: template.pad,
  };
  const model = readJson(join(modelDir, "config.json")) ?? {};
  const generation = readJson(join(modelDir, "generation_config.json")) ?? {};
  const tokenizer = readJson(join(modelDir, "tokenizer_config.json"));
  const special = readJson(join(modelDir, "special_tokens_map.json"));
  const hasTokenizer = tokenizer !== undefined || existsSync(join(modelDir, "tokenizer.json"));
  const edited: Readonly<Record<string, unknown>> = {
    // transformers 5 takes an adapter folder that has a config.json for a complete model, and finds no weights
    "config.json": source.full ? editModelConfig(model, "float32") : undefined,
    "generation_config.json": editGenerationConfig(generation, model, serving),
    "tokenizer_config.json": hasTokenizer ? editTokenizerConfig(tokenizer ?? {}, serving) : undefined,
    "special_tokens_map.json": special && editSpecialTokensMap(special, serving),
  };
  const written = Object.entries(edited).flatMap(([name, json]) => writeJson(folder, name, json));
  return [
    ...written,
    ...copyTokenizer(folder, modelDir),
    ...writeTemplate(folder, hasTokenizer ? template.source : null),
  ];
}

function writeJson(folder: string, name: string, json: unknown): string[] {
  if (json === undefined) return [];
  writeDurable(join(folder, name), `${JSON.stringify(json, null, 2)}\n`);
  return [name];
}

function copyTokenizer(folder: string, modelDir: string): string[] {
  const present = COPIED.filter((name) => existsSync(join(modelDir, name)));
  for (const name of present) {
    const to = join(folder, name);
    withDiskErrors(to, () => copyFileSync(join(modelDir, name), to));
  }
  return present;
}

function writeTemplate(folder: string, template: string | null): string[] {
  if (template === null) return [];
  writeDurable(join(folder, "chat_template.jinja"), template);
  return ["chat_template.jinja"];
}

function readJson(path: string): Record<string, unknown> | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const json: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof json === "object" && json !== null) return json as Record<string, unknown>;
  } catch (cause) {
    throw new SiftError("bad-model-folder", `${path} is not JSON`, { where: { file: path }, cause });
  }
  throw new SiftError("bad-model-folder", `${path} is not a JSON object`, { where: { file: path } });
}
