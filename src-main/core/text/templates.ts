import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { FoundTemplate } from "#shared/contract/templates.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import type { ServingTemplate } from "#shared/worker/protocol.ts";
import { formTwin, type TemplateForm } from "#shared/text/index.ts";
import { templateInfo, textHash } from "./report.ts";
import { FORM_FILE, formOfText } from "./templateChoice.ts";

/** The longest chat templates have some 30 kB; a larger file is something else. */
const MAX_TEMPLATE_BYTES = 1 << 20;

/** A file of Jinja, or of a form. @throws SiftError `template-file`, `template-form` */
export function openTemplate(path: string): FoundTemplate {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size;
  const refuse = (message: string): SiftError => new SiftError("template-file", message, { where: { file: path } });
  if (bytes === undefined) throw refuse("there is no such file");
  if (bytes > MAX_TEMPLATE_BYTES) throw refuse(`the file has ${bytes} bytes: too large for a chat template`);
  const source = textOf(path, refuse);
  if (FORM_FILE.test(path)) return foundForm(formOfText(source, path));
  return { name: basename(path).replace(/\.(jinja2?|j2|txt)$/i, ""), source, hash: textHash(source) };
}

function textOf(path: string, refuse: (message: string) => SiftError): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw refuse(`the file cannot be read as text: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function foundForm(form: TemplateForm): FoundTemplate {
  const source = formTwin(form, form.default_system);
  return { name: form.name, source, form, hash: textHash(source) };
}

interface RunTemplate {
  readonly serving: ServingTemplate | null;
  readonly encodeSettings: EncodeSettings | null;
}

/** The text that a run pinned; of a run that has not rendered yet, the one it is going to. @throws SiftError `template-missing` */
export function templateOfRun({ serving, encodeSettings: settings }: RunTemplate): FoundTemplate {
  if (serving?.source) return { name: serving.name, source: serving.source, hash: textHash(serving.source) };
  const info = settings && templateInfo(settings.template, settings.modelPath, settings.systemMessage);
  if (info) return { name: info.name, source: info.source, hash: info.hash };
  throw new SiftError("template-missing", "the run has no template: its rows came tokenised");
}
