import * as v from "valibot";
import { templateForm } from "../text/presets/form.ts";
import { errorReport, hash, id, path, procedure, read, timestamp } from "./common.ts";

/** One text that was saved under a template's name; numbers count from 1 and never change. */
export const templateVersion = v.object({
  templateId: id,
  name: v.string(),
  number: v.number(),
  /** Of a form: its Jinja twin. */
  source: v.string(),
  form: v.exactOptional(templateForm),
  hash,
  savedAt: timestamp,
});
export type TemplateVersion = v.InferOutput<typeof templateVersion>;

/** A template from elsewhere: a file, or what a run pinned. `source` of a form is its Jinja twin. */
export const foundTemplate = v.object({
  name: v.string(),
  source: v.string(),
  form: v.exactOptional(templateForm),
  hash,
});
export type FoundTemplate = v.InferOutput<typeof foundTemplate>;

/** See core/text/form.ts. `ids` is null for a token that the tokenizer does not name. */
export const formReport = v.object({
  twin: v.string(),
  text: v.string(),
  /** Null where neither form nor tokenizer names one. `endsTurn`: it is the token that ends an answer, too. */
  pad: v.nullable(
    v.object({ text: v.string(), id: v.nullable(v.number()), named: v.boolean(), endsTurn: v.boolean() }),
  ),
  pieces: v.array(v.object({ text: v.string(), ids: v.nullable(v.array(v.number())) })),
  error: v.nullable(errorReport),
});
export type FormReport = v.InferOutput<typeof formReport>;

export const templatesContract = {
  /** What a form writes, and its pieces' ids where a model is chosen. */
  form: read.input(v.object({ form: templateForm, modelPath: v.exactOptional(path) })).output(formReport),
  /** Newest first. */
  versions: read.input(v.object({ templateId: id })).output(v.array(templateVersion)),
  /** Makes the text of a version the newest one, as a version of its own. */
  restore: procedure.input(v.object({ templateId: id, number: v.number() })).output(templateVersion),
  /** A file of Jinja or of a form (JSON, YAML), on the machine that core runs on. */
  open: read.input(v.object({ path })).output(foundTemplate),
  /** The text that a run was rendered with. */
  ofRun: read.input(v.object({ runId: id })).output(foundTemplate),
};
