import type { EncodeSettings, TemplateChoice } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import {
  createEncoder,
  encodePretokenized,
  PRESET_NAMES,
  type EncodeResult,
  type EncoderOptions,
  splitIntoTurns,
  withoutOldestTurns,
  type Conversation,
  type ParsedRow,
  type RowEncoder,
  type RowOptions,
  type TemplateChoice as EncoderTemplate,
  type Tokenizer,
} from "#shared/text/index.ts";

/** What of a model folder decides ids and labels, read. */
export interface ModelText {
  readonly modelPath: string;
  /** Undefined where the folder has no tokenizer. */
  readonly tokenizer: Tokenizer | undefined;
  /** The model's own chat template; undefined where it has none. */
  readonly ownTemplate: string | undefined;
  /** Of the model's configuration; asked for only where there is no tokenizer. */
  readonly vocabularySize: number | undefined;
}

/** `shortened`: the conversation as it was encoded, where its oldest turns were left out. */
export type EncodedAll = ReturnType<RowEncoder["encodeAll"]> & { readonly shortened?: Conversation };

/** Encodes rows under settings. One that only has rows which came tokenised needs no tokenizer. */
export interface RowCoder {
  /** Null where the model folder has no tokenizer. */
  readonly encoder: RowEncoder | null;
  /** False where conversations cannot be rendered. */
  readonly hasTemplate: boolean;
  encodeAll(row: ParsedRow, index: number): EncodedAll;
  encode(row: ParsedRow, index: number): EncodeResult;
}

/**
 * From settings to what encodes rows: core and the renderer's worker both come through here.
 * @throws SiftError of the template, the preset or the settings
 */
export function rowCoder(settings: EncodeSettings, model: ModelText): RowCoder {
  const { tokenizer } = model;
  if (!tokenizer) return new TokenRowsOnly(model);
  const template = chosenTemplate(settings.template, model.ownTemplate);
  const encoder = createEncoder(encoderOptions(settings, tokenizer, template ?? NO_TEMPLATE));
  return template ? new TemplateCoder(encoder, settings) : new DocumentsOnly(encoder, settings);
}

/** Stands where a model has no template: rows without roles need none. */
const NO_TEMPLATE: EncoderTemplate = { kind: "jinja", source: "" };

/** The template that a choice means; undefined where the model has none of its own. */
export function chosenTemplate(choice: TemplateChoice, own: string | undefined): EncoderTemplate | undefined {
  if (choice.kind === "preset") return { kind: "preset", name: choice.name };
  if (choice.kind === "text") return { kind: "jinja", source: choice.source };
  if (choice.kind === "form") return { kind: "form", form: choice.form };
  return own === undefined ? undefined : { kind: "jinja", source: own };
}

function encoderOptions(settings: EncodeSettings, tokenizer: Tokenizer, template: EncoderTemplate): EncoderOptions {
  const { mask, maskOptions, rowOptions, systemMessage, systemPolicy, maxLength, overLength } = settings;
  return {
    tokenizer,
    template,
    ...(mask === undefined ? {} : { mask }),
    ...(maskOptions === undefined ? {} : { maskOptions }),
    ...(rowOptions === undefined ? {} : { rowOptions }),
    ...(systemMessage === undefined ? {} : { systemMessage }),
    ...(systemPolicy === undefined ? {} : { systemPolicy: systemPolicy === "replace" ? "row" : systemPolicy }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(overLength === undefined ? {} : { overLength }),
  };
}

class TemplateCoder implements RowCoder {
  readonly encoder: RowEncoder;
  readonly hasTemplate: boolean = true;
  readonly #options: RowOptions;
  constructor(encoder: RowEncoder, { rowOptions = {} }: EncodeSettings) {
    this.encoder = encoder;
    this.#options = rowOptions;
  }
  encodeAll(row: ParsedRow, index: number): EncodedAll {
    const rows = this.#options.splitTurns === true ? splitIntoTurns(row) : [row];
    const made = rows.map((each) => this.#fitted(each, index));
    const [first] = made;
    if (made.length === 1 && first) return first;
    const { encoded: whole, facts } = this.encoder.whole(row, index);
    return { rows: made.flatMap((each) => each.rows), notices: made.flatMap((each) => each.notices), facts, whole };
  }
  /** Leaves the oldest turns out until the row fits, where that is how it is to be cut. */
  #fitted(row: ParsedRow, index: number): EncodedAll {
    const whole = this.encoder.encodeAll(row, index);
    if (this.#options.truncation !== "oldest_turns" || row.kind !== "conversation") return whole;
    let made = whole;
    let shortened = row.conversation;
    for (
      let next = withoutOldestTurns(shortened);
      next && (made.rows[0]?.truncatedTokens ?? 0) > 0;
      next = withoutOldestTurns(next)
    ) {
      shortened = next;
      made = this.encoder.encodeAll({ kind: "conversation", conversation: shortened }, index);
    }
    const tokens = ({ rows: [only] }: EncodedAll): number => (only ? only.ids.length + only.truncatedTokens : 0);
    const left = tokens(whole) - tokens(made);
    if (left === 0) return whole;
    const rows = made.rows.map((each) => ({ ...each, truncatedTokens: each.truncatedTokens + left }));
    return { rows, notices: whole.notices, facts: made.facts, whole: whole.whole, shortened };
  }
  encode(row: ParsedRow, index: number): EncodeResult {
    if (this.#options.truncation !== "oldest_turns") return this.encoder.encode(row, index);
    const { rows, notices, facts } = this.#fitted(row, index);
    const [encoded] = rows;
    return encoded ? { encoded, notices, facts } : this.encoder.encode(row, index);
  }
}

class DocumentsOnly extends TemplateCoder {
  override readonly hasTemplate = false;
  readonly #modelPath: string;
  constructor(encoder: RowEncoder, settings: EncodeSettings) {
    super(encoder, settings);
    this.#modelPath = settings.modelPath;
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
  readonly #model: ModelText;

  constructor(model: ModelText) {
    this.#model = model;
  }
  encodeAll(row: ParsedRow, index: number): EncodedAll {
    const { encoded, notices, facts } = this.encode(row, index);
    return { rows: [encoded], notices, facts, whole: encoded };
  }
  encode(row: ParsedRow, index: number): EncodeResult {
    if (row.kind === "tokens") return encodePretokenized(row.tokens, this.#model.vocabularySize);
    throw tokenizerMissing(this.#model.modelPath, index);
  }
}

export function tokenizerMissing(folder: string, row?: number): SiftError {
  return new SiftError("tokenizer-missing", "the folder holds no tokenizer.json", {
    where: { file: folder, ...(row === undefined ? {} : { row }) },
    remedy: "copy the tokenizer files beside the weights, or train on rows that are tokenised already",
  });
}
