import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import { parseJsonFile } from "./weights.ts";

const namedTemplates = v.array(v.object({ name: v.string(), template: v.string() }));
const tokenizerConfig = v.looseObject({ chat_template: v.optional(v.union([v.string(), namedTemplates, v.null()])) });
const legacyFile = v.looseObject({ chat_template: v.string() });

/** The name of the template that counts where none is chosen. */
export const DEFAULT_TEMPLATE = "default";
/** Where transformers keeps the named templates beside `chat_template.jinja`. */
const NAMED_FOLDER = "additional_chat_templates";

/** A model's chat template and the file it came from. */
export interface OwnTemplate {
  readonly source: string;
  readonly file: string;
}
export interface NamedTemplate extends OwnTemplate {
  readonly name: string;
}

/**
 * Every chat template of a model folder, `default` first. For each name the first of these counts, as in transformers, where files
 * win over the configuration: `chat_template.jinja` and `additional_chat_templates/NAME.jinja`, `chat_template.json` (processors),
 * `chat_template` of tokenizer_config.json, which is a text or a list of named ones.
 */
export function ownTemplates(folder: string): NamedTemplate[] {
  const found = [
    ...filesOf(folder),
    ...legacyOf(folder),
    ...fromTokenizerConfig(join(folder, "tokenizer_config.json")),
  ];
  const names = [...new Set(found.map(({ name }) => name))];
  const rank = (name: string): number => (name === DEFAULT_TEMPLATE ? 0 : 1);
  return names.toSorted((a, b) => rank(a) - rank(b)).flatMap((name) => found.find((each) => each.name === name) ?? []);
}

/**
 * The chat template that a model folder has of a name; undefined where it has none at all.
 * @throws SiftError `chat-template` where it has others only
 */
export function ownTemplate(folder: string, name: string = DEFAULT_TEMPLATE): OwnTemplate | undefined {
  const all = ownTemplates(folder);
  if (all.length === 0) return undefined;
  const chosen = all.find((each) => each.name === name);
  if (chosen) return { source: chosen.source, file: chosen.file };
  const names = all.map((each) => each.name);
  throw new SiftError("chat-template", `of its templates (${names.join(", ")}) none is called ${name}`, {
    where: { file: all[0]?.file ?? folder },
    remedy: `choose one by name: ${names.map((each) => (each === DEFAULT_TEMPLATE ? "own" : `own:${each}`)).join(", ")}`,
  });
}

function filesOf(folder: string): NamedTemplate[] {
  const read = (name: string, file: string): NamedTemplate => ({ name, source: readFileSync(file, "utf8"), file });
  const main = join(folder, "chat_template.jinja");
  const named = join(folder, NAMED_FOLDER);
  const others = existsSync(named) ? readdirSync(named).filter((file) => file.endsWith(".jinja")) : [];
  return [
    ...(existsSync(main) ? [read(DEFAULT_TEMPLATE, main)] : []),
    ...others.toSorted().map((file) => read(basename(file, ".jinja"), join(named, file))),
  ];
}

function legacyOf(folder: string): NamedTemplate[] {
  const file = join(folder, "chat_template.json");
  if (!existsSync(file)) return [];
  const parsed = v.safeParse(legacyFile, parseJsonFile(file));
  return parsed.success ? [{ name: DEFAULT_TEMPLATE, source: parsed.output.chat_template, file }] : [];
}

function fromTokenizerConfig(file: string): NamedTemplate[] {
  if (!existsSync(file)) return [];
  const parsed = v.safeParse(tokenizerConfig, parseJsonFile(file));
  if (!parsed.success) {
    throw new SiftError("chat-template", "chat_template is neither a text nor a list of named texts", {
      where: { file },
    });
  }
  const template = parsed.output.chat_template;
  if (template === undefined || template === null || template.length === 0) return [];
  if (typeof template === "string") return [{ name: DEFAULT_TEMPLATE, source: template, file }];
  return template.map((each) => ({ name: each.name, source: each.template, file }));
}
