import { createHash } from "node:crypto";
import type { EncodeSettings, TemplateChoice } from "#shared/contract/text.ts";
import { chosenTemplate, rowCoder, type ModelText, type RowCoder } from "#shared/preview/coder.ts";
import {
  maskSettingsOf,
  textKeyOf,
  type RowOptions,
  type TemplateChoice as EncoderTemplate,
} from "#shared/text/index.ts";
import { readModelConfig } from "../models/config.ts";
import { ownTemplate } from "../models/template.ts";
import { hasTokenizer, loadTokenizer } from "../models/tokenizer.ts";
import { applicationVersion } from "../system/version.ts";

export type { EncodedAll, RowCoder } from "#shared/preview/coder.ts";

/** What of the model folder decides ids and labels. @throws SiftError of the tokenizer or the model's files */
export function modelText({ modelPath, template }: EncodeSettings): ModelText {
  const known = hasTokenizer(modelPath);
  return {
    modelPath,
    tokenizer: known ? loadTokenizer(modelPath).tokenizer : undefined,
    ownTemplate: known && template.kind === "own" ? ownTemplate(modelPath, template.name)?.source : undefined,
    vocabularySize: known ? undefined : readModelConfig(modelPath).vocab_size,
  };
}

/** @throws SiftError of the template, the preset, the tokenizer or the model folder */
export const openCoder = (settings: EncodeSettings): RowCoder => rowCoder(settings, modelText(settings));

/** The template that a choice means; undefined where the model has none of its own. */
export function encoderTemplate(choice: TemplateChoice, modelPath: string): EncoderTemplate | undefined {
  return chosenTemplate(choice, choice.kind === "own" ? ownTemplate(modelPath, choice.name)?.source : undefined);
}

/** `strftime_now` gives another text every day. */
const CLOCK = /strftime_now/;

/**
 * Identity of everything that decides a row's text and ids besides the row, but not its labels. Undefined where there is no such
 * thing: without a tokenizer or a template, or where the template asks for the time.
 */
export function textKey(settings: EncodeSettings): string | undefined {
  const { modelPath, template, maskOptions, rowOptions = {}, systemMessage, systemPolicy } = settings;
  // a row that becomes several, or loses turns to fit, is not one text
  if (!hasTokenizer(modelPath) || rowOptions.splitTurns === true || rowOptions.truncation === "oldest_turns") {
    return undefined;
  }
  const { encoder, hasTemplate } = openCoder(settings);
  if (!encoder || !hasTemplate || CLOCK.test(encoder.templateSource)) return undefined;
  const parts = [
    applicationVersion(),
    loadTokenizer(modelPath).hash,
    template.kind === "own" || template.kind === "text" ? "jinja" : template,
    encoder.templateSource,
    rowOptions.specialTokens ?? "keep",
    systemMessage ?? null,
    systemPolicy ?? "keep",
    textKeyOf(maskOptions),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Identity of everything that decides ids and labels besides the rows. */
export function settingsHash(settings: EncodeSettings): string {
  const { modelPath, template, mask, maskOptions, rowOptions, systemMessage, systemPolicy, maxLength, overLength } =
    settings;
  const parts = [
    hasTokenizer(modelPath) ? loadTokenizer(modelPath).hash : modelPath,
    encoderTemplate(template, modelPath) ?? null,
    mask ?? null,
    systemMessage ?? null,
    systemPolicy ?? "keep",
    maxLength ?? null,
    overLength ?? "error",
    ...changed({ ...maskSettingsOf(maskOptions) }),
    ...changed(rowSettingsOf(rowOptions)),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Options that all have their defaults say the same as none. */
const changed = (options: Readonly<Record<string, unknown>>): unknown[] =>
  Object.keys(options).length > 0 ? [options] : [];

/** What of the row options differs from its default, always in one order. */
function rowSettingsOf({ truncation, splitTurns, specialTokens }: RowOptions = {}): Record<string, unknown> {
  return {
    ...(truncation === undefined || truncation === "end" ? {} : { truncation }),
    ...(splitTurns === true ? { splitTurns } : {}),
    ...(specialTokens === undefined || specialTokens === "keep" ? {} : { specialTokens }),
  };
}
