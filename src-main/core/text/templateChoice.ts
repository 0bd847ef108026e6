import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parse } from "yaml";
import type { TemplateChoice } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import { parseForm, PRESET_NAMES, type TemplateForm } from "#shared/text/index.ts";

const OWN = /^own(?::(.+))?$/;
/** A file that holds a form. */
export const FORM_FILE = /\.(ya?ml|json)$/i;

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
  return { kind: "form", form: formOfText(source, path) };
}

/** A form from the text of a JSON or YAML file. @throws SiftError `template-form` */
export const formOfText = (source: string, file: string): TemplateForm => parseForm(parsed(source, file), file);

function parsed(source: string, file: string): unknown {
  try {
    return parse(source);
  } catch (error) {
    const message = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new SiftError("template-form", `the form cannot be read: ${message}`, { where: { file } });
  }
}

/** What a choice without a name of its own says in a file of its own, and how the file's name ends. */
export function templateFileText(choice: TemplateChoice): { extension: string; text: string } | undefined {
  if (choice.kind === "text") return { extension: ".jinja", text: choice.source };
  if (choice.kind === "form") return { extension: ".form.json", text: `${JSON.stringify(choice.form, null, 2)}\n` };
  return undefined;
}

/** The choice as a configuration writes it; undefined where its text must stand in a file. */
export function templateText(choice: TemplateChoice): string | undefined {
  if (choice.kind === "preset") return choice.name;
  if (choice.kind !== "own") return undefined;
  return choice.name === undefined ? "own" : `own:${choice.name}`;
}
