import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parse } from "yaml";
import type { TemplateChoice } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import { parseForm, PRESET_NAMES } from "#shared/text/index.ts";

const OWN = /^own(?::(.+))?$/;
const FORM_FILE = /\.(ya?ml|json)$/i;

/** A `template` that names no file: `own`, `own:NAME` or a preset. */
export function namedTemplate(text: string): TemplateChoice | undefined {
  const own = OWN.exec(text);
  if (own) return own[1] === undefined ? { kind: "own" } : { kind: "own", name: own[1] };
  return PRESET_NAMES.includes(text) ? { kind: "preset", name: text } : undefined;
}

/** A file of Jinja, or of a form (`.yaml`, `.yml`, `.json`), read now, so that a run keeps its text. @throws SiftError `template-form` */
export function templateFile(path: string, name: string = basename(path)): TemplateChoice {
  const source = readFileSync(path, "utf8");
  if (!FORM_FILE.test(path)) return { kind: "text", source, name };
  return { kind: "form", form: parseForm(parsed(source, path), path) };
}

function parsed(source: string, file: string): unknown {
  try {
    return parse(source);
  } catch (error) {
    const message = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new SiftError("template-form", `the form cannot be read: ${message}`, { where: { file } });
  }
}

/** The choice as a configuration writes it; undefined where its text must stand in a file. */
export function templateText(choice: TemplateChoice): string | undefined {
  if (choice.kind === "preset") return choice.name;
  if (choice.kind !== "own") return undefined;
  return choice.name === undefined ? "own" : `own:${choice.name}`;
}
