import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { LiveModel } from "#shared/contract/live.ts";
import { SiftError } from "#shared/errors.ts";
import { readModelConfig } from "../models/config.ts";
import { ownTemplate } from "../models/template.ts";
import { hasTokenizer, loadTokenizer, tokenizerConfig } from "../models/tokenizer.ts";

/** A tokenizer.json of 262,144 tokens has 33 MB; a page that is sent much more only stalls. */
const MAX_TOKENIZER_BYTES = 64 << 20;

interface Asked {
  readonly modelPath: string;
  readonly ownTemplate: boolean;
  /** Of the model's templates, the one of this name. */
  readonly templateName?: string | undefined;
  /** Hash of a tokenizer that the asker has. */
  readonly known?: string | undefined;
}

/** The files with which a page encodes rows itself. @throws SiftError `live-too-large`, and those of the model's files */
export function liveModel({ modelPath, ownTemplate: wanted, templateName, known }: Asked): LiveModel {
  if (!hasTokenizer(modelPath)) {
    const { vocab_size: vocabularySize } = readModelConfig(modelPath);
    return { tokenizer: null, ownTemplate: null, vocabularySize: vocabularySize ?? null };
  }
  const file = join(modelPath, "tokenizer.json");
  const { size } = statSync(file);
  if (size > MAX_TOKENIZER_BYTES) {
    throw new SiftError("live-too-large", `tokenizer.json has ${Math.round(size / (1 << 20))} MB`, { where: { file } });
  }
  const { hash } = loadTokenizer(modelPath);
  const read = () => ({ tokenizer: readFileSync(file, "utf8"), config: JSON.stringify(tokenizerConfig(modelPath)) });
  return {
    tokenizer: { hash, files: hash === known ? null : read() },
    ownTemplate: wanted ? (ownTemplate(modelPath, templateName)?.source ?? null) : null,
    vocabularySize: null,
  };
}
