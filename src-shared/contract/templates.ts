import * as v from "valibot";
import { hash, id, path, procedure, read, timestamp } from "./common.ts";

/** One text that was saved under a template's name; numbers count from 1 and never change. */
export const templateVersion = v.object({
  templateId: id,
  name: v.string(),
  number: v.number(),
  source: v.string(),
  hash,
  savedAt: timestamp,
});
export type TemplateVersion = v.InferOutput<typeof templateVersion>;

/** A template from elsewhere: a file, or what a run pinned. */
export const foundTemplate = v.object({ name: v.string(), source: v.string(), hash });
export type FoundTemplate = v.InferOutput<typeof foundTemplate>;

export const templatesContract = {
  /** Newest first. */
  versions: read.input(v.object({ templateId: id })).output(v.array(templateVersion)),
  /** Makes the text of a version the newest one, as a version of its own. */
  restore: procedure.input(v.object({ templateId: id, number: v.number() })).output(templateVersion),
  /** A Jinja file of the machine that core runs on. */
  open: read.input(v.object({ path })).output(foundTemplate),
  /** The text that a run was rendered with. */
  ofRun: read.input(v.object({ runId: id })).output(foundTemplate),
};
