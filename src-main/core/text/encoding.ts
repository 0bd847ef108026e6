import { createHash } from "node:crypto";
import type { EncodeSettings, TemplateChoice } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import {
  createEncoder,
  encodePretokenized,
  PRESET_NAMES,
  type EncodeResult,
  type EncoderOptions,
  type ParsedRow,
  type RowEncoder,
  type TemplateChoice as EncoderTemplate,
} from "#shared/text/index.ts";
import { readModelConfig } from "../models/config.ts";
import { ownTemplate } from "../models/template.ts";
import { hasTokenizer, loadTokenizer } from "../models/tokenizer.ts";

export type EncodedAll = ReturnType<RowEncoder["encodeAll"]>;

/** Encodes rows under settings. One that only has rows which came tokenised needs no tokenizer. */
export interface RowCoder {
  /** Null where the model folder has no tokenizer. */
  readonly encoder: RowEncoder | null;
  /** False where conversations cannot be rendered. */
  readonly hasTemplate: boolean;
  encodeAll(row: ParsedRow, index: number): EncodedAll;
  encode(row: ParsedRow, index: number): EncodeResult;
}

/** @throws SiftError of the template, the preset, the tokenizer or the model folder */
export function openCoder(settings: EncodeSettings): RowCoder {
  if (!hasTokenizer(settings.modelPath)) return new TokenRowsOnly(settings.modelPath);
  const template = encoderTemplate(settings.template, settings.modelPath);
  const encoder = createEncoder(encoderOptions(settings, template ?? NO_TEMPLATE));
  return template ? new TemplateCoder(encoder) : new DocumentsOnly(encoder, settings.modelPath);
}

/** Stands where a model has no template: rows without roles need none. */
const NO_TEMPLATE: EncoderTemplate = { kind: "jinja", source: "" };

/** The template that a choice means; undefined where the model has none of its own. */
export function encoderTemplate(choice: TemplateChoice, modelPath: string): EncoderTemplate | undefined {
  if (choice.kind === "preset") return { kind: "preset", name: choice.name };
  if (choice.kind === "text") return { kind: "jinja", source: choice.source };
  const own = ownTemplate(modelPath);
  return own && { kind: "jinja", source: own.source };
}

/** A configuration's `template`: own, a preset's name; anything else is the path of a Jinja file, read by the caller. */
export function isTemplateName(text: string): boolean {
  return text === "own" || PRESET_NAMES.includes(text);
}

function encoderOptions(settings: EncodeSettings, template: EncoderTemplate): EncoderOptions {
  const { mask, systemMessage, systemPolicy, maxLength, overLength } = settings;
  return {
    tokenizer: loadTokenizer(settings.modelPath).tokenizer,
    template,
    ...(mask === undefined ? {} : { mask }),
    ...(systemMessage === undefined ? {} : { systemMessage }),
    ...(systemPolicy === undefined ? {} : { systemPolicy: systemPolicy === "replace" ? "row" : systemPolicy }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(overLength === undefined ? {} : { overLength }),
  };
}

class TemplateCoder implements RowCoder {
  readonly encoder: RowEncoder;
  readonly hasTemplate: boolean = true;
  constructor(encoder: RowEncoder) {
    this.encoder = encoder;
  }
  encodeAll(row: ParsedRow, index: number): EncodedAll {
    return this.encoder.encodeAll(row, index);
  }
  encode(row: ParsedRow, index: number): EncodeResult {
    return this.encoder.encode(row, index);
  }
}

class DocumentsOnly extends TemplateCoder {
  override readonly hasTemplate = false;
  readonly #modelPath: string;
  constructor(encoder: RowEncoder, modelPath: string) {
    super(encoder);
    this.#modelPath = modelPath;
  }
  override encodeAll(row: ParsedRow, index: number): EncodedAll {
    this.#refuse(row, index);
    return super.encodeAll(row, index);
  }
  override encode(row: ParsedRow, index: number): EncodeResult {
    this.#refuse(row, index);
    return super.encode(row, index);
  }
  #refuse(row: ParsedRow, index: number): void {
    if (row.kind !== "conversation") return;
    throw new SiftError("template-missing", "the model has no chat template of its own", {
      where: { file: this.#modelPath, row: index },
      remedy: `choose a preset (${PRESET_NAMES.join(", ")}) or a Jinja file as template`,
    });
  }
}

class TokenRowsOnly implements RowCoder {
  readonly encoder = null;
  readonly hasTemplate = false;
  readonly #modelPath: string;
  readonly #vocabularySize: number | undefined;

  constructor(modelPath: string) {
    this.#modelPath = modelPath;
    this.#vocabularySize = readModelConfig(modelPath).vocab_size;
  }
  encodeAll(row: ParsedRow, index: number): EncodedAll {
    const { encoded, notices, facts } = this.encode(row, index);
    return { rows: [encoded], notices, facts };
  }
  encode(row: ParsedRow, index: number): EncodeResult {
    if (row.kind === "tokens") return encodePretokenized(row.tokens, this.#vocabularySize);
    loadTokenizer(this.#modelPath); // says what is missing
    throw new SiftError("tokenizer-missing", "the row is not tokenised", { where: { row: index } });
  }
}

/** Identity of everything that decides ids and labels besides the rows. */
export function settingsHash(settings: EncodeSettings): string {
  const { modelPath, template, mask, systemMessage, systemPolicy, maxLength, overLength } = settings;
  const parts = [
    hasTokenizer(modelPath) ? loadTokenizer(modelPath).hash : modelPath,
    encoderTemplate(template, modelPath) ?? null,
    mask ?? null,
    systemMessage ?? null,
    systemPolicy ?? "keep",
    maxLength ?? null,
    overLength ?? "error",
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
