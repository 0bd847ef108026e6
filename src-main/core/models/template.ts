import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import { parseJsonFile } from "./weights.ts";

const namedTemplates = v.array(v.object({ name: v.string(), template: v.string() }));
const tokenizerConfig = v.looseObject({ chat_template: v.optional(v.union([v.string(), namedTemplates, v.null()])) });
const legacyFile = v.looseObject({ chat_template: v.string() });

/** A model's chat template and the file it came from. */
export interface OwnTemplate {
  readonly source: string;
  readonly file: string;
}

/**
 * The chat template of a model folder: `chat_template.jinja`, else `chat_template.json` (processors), else
 * `chat_template` of tokenizer_config.json, a string or a list of named ones of which `default` counts.
 * The order is that of transformers, where the file wins over the configuration.
 */
export function ownTemplate(folder: string): OwnTemplate | undefined {
  const jinja = join(folder, "chat_template.jinja");
  if (existsSync(jinja)) return { source: readFileSync(jinja, "utf8"), file: jinja };
  const legacy = join(folder, "chat_template.json");
  if (existsSync(legacy)) {
    const parsed = v.safeParse(legacyFile, parseJsonFile(legacy));
    if (parsed.success) return { source: parsed.output.chat_template, file: legacy };
  }
  const file = join(folder, "tokenizer_config.json");
  return existsSync(file) ? fromTokenizerConfig(file) : undefined;
}

function fromTokenizerConfig(file: string): OwnTemplate | undefined {
  const parsed = v.safeParse(tokenizerConfig, parseJsonFile(file));
  if (!parsed.success) {
    throw new SiftError("chat-template", "chat_template is neither a text nor a list of named texts", {
      where: { file },
    });
  }
  const template = parsed.output.chat_template;
  if (template === undefined || template === null || template.length === 0) return undefined;
  if (typeof template === "string") return { source: template, file };
  const chosen = template.find((entry) => entry.name === "default");
  if (chosen) return { source: chosen.template, file };
  const names = template.map((entry) => entry.name).join(", ");
  throw new SiftError("chat-template", `of its templates (${names}) none is called default`, { where: { file } });
}
