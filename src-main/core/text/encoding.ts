import { createHash } from "node:crypto";
import type { EncodeSettings, TemplateChoice } from "#shared/contract/text.ts";
import { chosenTemplate, rowCoder, type ModelText, type RowCoder } from "#shared/preview/coder.ts";
import { maskSettingsOf, PRESET_NAMES, type TemplateChoice as EncoderTemplate } from "#shared/text/index.ts";
import { readModelConfig } from "../models/config.ts";
import { ownTemplate } from "../models/template.ts";
import { hasTokenizer, loadTokenizer } from "../models/tokenizer.ts";

export type { EncodedAll, RowCoder } from "#shared/preview/coder.ts";

/** What of the model folder decides ids and labels. @throws SiftError of the tokenizer or the model's files */
export function modelText({ modelPath, template }: EncodeSettings): ModelText {
  const known = hasTokenizer(modelPath);
  const own = known && template.kind === "own";
  return {
    modelPath,
    tokenizer: known ? loadTokenizer(modelPath).tokenizer : undefined,
    ownTemplate: own ? ownTemplate(modelPath)?.source : undefined,
    vocabularySize: known ? undefined : readModelConfig(modelPath).vocab_size,
  };
}

/** @throws SiftError of the template, the preset, the tokenizer or the model folder */
export const openCoder = (settings: EncodeSettings): RowCoder => rowCoder(settings, modelText(settings));

/** The template that a choice means; undefined where the model has none of its own. */
export function encoderTemplate(choice: TemplateChoice, modelPath: string): EncoderTemplate | undefined {
  return chosenTemplate(choice, choice.kind === "own" ? ownTemplate(modelPath)?.source : undefined);
}

/** A configuration's `template`: own, a preset's name; anything else is the path of a Jinja file, read by the caller. */
export function isTemplateName(text: string): boolean {
  return text === "own" || PRESET_NAMES.includes(text);
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
    ...(maskOptions === undefined ? [] : [maskSettingsOf(maskOptions)]),
    ...(rowOptions === undefined ? [] : [rowOptions]),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
