import * as v from "valibot";
import { templateForm } from "../text/presets/form.ts";
import { SPECIAL_CHOICES, TRUNCATION_MODES } from "../text/rowOptions.ts";
import { MASK_POLICIES } from "../text/types.ts";
import { authorLoss, finding, lengthProfile } from "./proof.ts";
import { departure, modelKind, presetFit, settingsFinding } from "./adapting.ts";
import { parsedRow } from "./datasets.ts";
import { maskOptions, ruleCount } from "./mask.ts";
import { empty, errorReport, hash, id, path, procedure, read, timestamp } from "./common.ts";

/**
 * Which template a row is rendered with: the model's own (its default, or one of its named ones), a preset of ours, a text (a draft or
 * a saved one), or a form.
 */
export const templateChoice = v.variant("kind", [
  v.object({ kind: v.literal("own"), name: v.exactOptional(v.string()) }),
  v.object({ kind: v.literal("preset"), name: v.string() }),
  v.object({ kind: v.literal("text"), source: v.string(), name: v.optional(v.string()) }),
  v.object({ kind: v.literal("form"), form: templateForm }),
]);
export type TemplateChoice = v.InferOutput<typeof templateChoice>;

/** See RowOptions of text/rowOptions.ts. */
export const rowOptions = v.object({
  specialTokens: v.exactOptional(v.picklist(SPECIAL_CHOICES)),
  truncation: v.exactOptional(v.picklist(TRUNCATION_MODES)),
  splitTurns: v.exactOptional(v.boolean()),
});

/** Everything that decides ids and labels, besides the row. `mask` left out: the template's own, else assistant. */
export const encodeSettings = v.object({
  modelPath: path,
  template: templateChoice,
  mask: v.optional(v.picklist(MASK_POLICIES)),
  maskOptions: v.optional(maskOptions),
  rowOptions: v.optional(rowOptions),
  systemMessage: v.optional(v.string()),
  systemPolicy: v.optional(v.picklist(["keep", "drop", "replace"])),
  maxLength: v.optional(v.number()),
  overLength: v.optional(v.picklist(["error", "truncate", "drop", "split"])),
});
export type EncodeSettings = v.InferOutput<typeof encodeSettings>;

/** Tokens of one row, column by column, all of one length. `reasons` indexes REASONS of text/types.ts. */
export const tokenView = v.object({
  text: v.string(),
  ids: v.array(v.number()),
  /** What the tokenizer calls each token (for the hover). */
  pieces: v.array(v.string()),
  labels: v.array(v.number()),
  weights: v.array(v.number()),
  starts: v.array(v.number()),
  ends: v.array(v.number()),
  reasons: v.array(v.number()),
  messages: v.array(v.number()),
  /** Place of the mask options' rule that decided a token, from 1; 0 for none. Left out where there are no rules. */
  rules: v.optional(v.array(v.number())),
  /** What wrote each stretch of `text`, without gaps: see TextOrigin of text/origins.ts. Empty where the text is not known. */
  origins: v.array(
    v.object({
      start: v.number(),
      end: v.number(),
      message: v.number(),
      field: v.picklist(["template", "role", "content", "reasoning", "tool_calls", "other"]),
      templateFrom: v.number(),
      templateTo: v.number(),
      line: v.number(),
      loss: v.exactOptional(authorLoss),
    }),
  ),
  supervised: v.number(),
  truncatedTokens: v.number(),
  /** Positions of the tokenizer's own tokens, ascending. */
  special: v.optional(v.array(v.number())),
  /** The first token that the maximum length cuts off; it and those behind it are shown and never trained. */
  cutFrom: v.optional(v.number()),
  notices: v.array(v.string()),
});
export type TokenView = v.InferOutput<typeof tokenView>;

export const specialToken = v.object({ name: v.string(), text: v.string(), id: v.nullable(v.number()) });

export const templateInfo = v.object({
  choice: templateChoice,
  name: v.string(),
  source: v.string(),
  hash,
  /** False for `chatml-human`: it is made of segments; `source` then shows its Jinja twin. */
  editable: v.boolean(),
  defaultMask: v.picklist(MASK_POLICIES),
  masks: v.array(v.picklist(MASK_POLICIES)),
  tagged: v.boolean(),
});
export type TemplateInfo = v.InferOutput<typeof templateInfo>;

export const templateReport = v.object({
  info: templateInfo,
  specialTokens: v.array(specialToken),
  /** Set when the model was tuned with its own template and another one is chosen: what differs, on a sample row. */
  departure: v.nullable(departure),
  /** Null where the folder has no tokenizer or its files cannot be read. */
  model: v.nullable(modelKind),
  /** Names of the model's own templates, `default` first. */
  ownTemplates: v.array(v.string()),
  /** What each preset needs of the model, best first. */
  presets: v.array(presetFit),
  error: v.nullable(errorReport),
});
export type TemplateReport = v.InferOutput<typeof templateReport>;

export const proof = v.object({
  id,
  versionId: id,
  settings: encodeSettings,
  rows: v.number(),
  tokens: v.number(),
  supervisedTokens: v.number(),
  longestRow: v.number(),
  findings: v.array(finding),
  /** Lengths and places of supervised tokens, uncut; proofs of an earlier version have none. */
  lengths: v.optional(lengthProfile),
  /** Rows of which the smallest share is trained, least first; proofs of an earlier version have none. */
  leastTrained: v.optional(v.array(v.object({ row: v.number(), tokens: v.number(), trained: v.number() })), []),
  /** What each rule of the mask does on these rows. */
  rules: v.optional(v.array(ruleCount), []),
  /** About the settings, whatever the rows; they stop nothing. */
  settingsFindings: v.optional(v.array(settingsFinding), []),
  /** Classes that stop a run until they are excluded or waived. */
  blocking: v.array(v.string()),
  finishedAt: timestamp,
});
export type Proof = v.InferOutput<typeof proof>;

export const savedTemplate = v.object({
  id,
  name: v.string(),
  /** Of a form: its Jinja twin. */
  source: v.string(),
  form: v.exactOptional(templateForm),
  /** Of the text, or of a form's JSON. */
  hash,
  /** Number of its newest version; older ones are at `templates.versions`. */
  version: v.number(),
  updatedAt: timestamp,
});
export type SavedTemplate = v.InferOutput<typeof savedTemplate>;

export const textContract = {
  /** Tokens and labels of a row (as stored, or as it is being edited), with the very code that trains. */
  preview: read
    .input(
      v.object({
        settings: encodeSettings,
        row: v.variant("kind", [
          v.object({ kind: v.literal("stored"), versionId: id, rowId: id }),
          v.object({ kind: v.literal("draft"), row: parsedRow }),
        ]),
      }),
    )
    .output(tokenView),
  template: read.input(v.object({ settings: encodeSettings })).output(templateReport),
  presets: read.input(empty).output(v.array(templateInfo)),
  saved: read.input(empty).output(v.array(savedTemplate)),
  save: procedure
    .input(
      v.union([
        v.object({ name: v.string(), source: v.string() }),
        /** The form is renamed to the name under which it is saved. */
        v.object({ name: v.string(), form: templateForm }),
      ]),
    )
    .output(savedTemplate),
  removeSaved: procedure.input(v.object({ templateId: id })).output(v.object({})),
  /** Proves the whole version in worker threads; the result is at `proofResult` once the job is done. */
  prove: procedure.input(v.object({ versionId: id, settings: encodeSettings })).output(v.object({ jobId: id })),
  /** Proves unless exactly these rows were proven under these settings, or are being proven: for whoever keeps a proof up to date. */
  ensureProof: procedure
    .input(v.object({ versionId: id, settings: encodeSettings }))
    .output(v.object({ jobId: v.nullable(id) })),
  proofResult: read.input(v.object({ proofId: id })).output(proof),
  /** The newest proof of this version under exactly these settings, if its rows have not changed since. */
  latestProof: read.input(v.object({ versionId: id, settings: encodeSettings })).output(v.nullable(proof)),
};
