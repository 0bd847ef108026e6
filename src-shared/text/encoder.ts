import { SiftError } from "#shared/errors.ts";
import { encodePlainText, encodePretokenized } from "./documents.ts";
import type {
  ConversationEncoder,
  EncoderOptions,
  EncodedRows,
  EncodeResult,
  OverLength,
  RowEncoder,
} from "./encoderTypes.ts";
import { JinjaEncoder } from "./jinjaEncoder.ts";
import { applyOverLength } from "./overLength.ts";
import { prefixDiffers, type RowTokens } from "./promptEnds.ts";
import { FormEncoder } from "./formEncoder.ts";
import { presetOf, requireTokens } from "./presets/index.ts";
import { originsOfTokens, type TextOrigin } from "./origins.ts";
import type { MaskOptions } from "./mask/options.ts";
import type { TokenizedRow } from "./mask/tokenized.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import type { EncodedRow, MaskPolicy, Message, ParsedRow } from "./types.ts";

/** The one way from a row to token ids, labels and weights: preview, proof, packer, trainer and command line use it. */
export function createEncoder(options: EncoderOptions): RowEncoder {
  return new Encoder(options);
}

/** Puts the template's encoder, documents without roles, and the length policy behind one door. */
class Encoder implements RowEncoder {
  readonly tokenizer: Tokenizer;
  readonly mask: MaskPolicy;
  readonly maskOptions: MaskOptions;
  readonly endOfTurn: number | undefined;
  readonly generationPrompt: string;
  readonly stopIds: readonly number[];
  readonly templateSource: string;
  readonly pad: RowEncoder["pad"];
  private readonly conversations: ConversationEncoder;
  private readonly maxLength: number | undefined;
  private readonly overLength: OverLength;
  private readonly wholeTurns: boolean;

  constructor(options: EncoderOptions) {
    this.tokenizer = options.tokenizer;
    this.maxLength = options.maxLength;
    this.overLength = options.overLength ?? "error";
    this.wholeTurns = options.rowOptions?.truncation === "whole_turns";
    this.conversations = conversationEncoder(options);
    this.mask = this.conversations.mask;
    this.maskOptions = options.maskOptions ?? {};
    this.endOfTurn = this.conversations.endOfTurn;
    this.generationPrompt = this.conversations.generationPrompt;
    this.templateSource = this.conversations.templateSource;
    this.pad = this.conversations.pad;
    const eos = this.tokenizer.files.specialTokens.eos_token;
    const ids = [this.endOfTurn, eos === undefined ? undefined : this.tokenizer.tokenToId(eos)];
    this.stopIds = [...new Set(ids.filter((id) => id !== undefined))];
  }

  encode(row: ParsedRow, rowIndex: number): EncodeResult {
    const { rows, notices, facts } = this.lengthened(
      row,
      rowIndex,
      this.overLength === "truncate" ? "truncate" : "error",
    );
    const [encoded] = rows;
    if (!encoded) throw new SiftError("row-empty", "the row has no tokens", { where: { row: rowIndex } });
    return { encoded, notices, facts };
  }

  encodeAll(row: ParsedRow, rowIndex: number): EncodedRows {
    return this.lengthened(row, rowIndex, this.overLength);
  }

  private lengthened(row: ParsedRow, rowIndex: number, policy: OverLength): EncodedRows {
    return this.labelled(this.tokenize(row, rowIndex), rowIndex, policy);
  }

  tokenize(row: ParsedRow, rowIndex: number): TokenizedRow {
    return atRow(rowIndex, () => this.tokenizeRow(row, rowIndex));
  }

  relabel(tokenized: TokenizedRow, rowIndex: number): EncodedRows {
    return this.labelled(tokenized, rowIndex, this.overLength);
  }

  private labelled(row: TokenizedRow, rowIndex: number, policy: OverLength): EncodedRows {
    const { encoded, notices, facts } = this.label(row, rowIndex);
    if (this.maxLength === undefined) return { rows: [encoded], notices, facts, whole: encoded };
    const { maxLength, stopIds, wholeTurns } = this;
    const cut = applyOverLength(encoded, { maxLength, policy, row: rowIndex, stopIds, wholeTurns });
    return { rows: cut.rows, notices: cut.notice ? [...notices, cut.notice] : notices, facts, whole: encoded };
  }

  whole(row: ParsedRow, rowIndex: number): EncodeResult {
    return this.label(this.tokenize(row, rowIndex), rowIndex);
  }

  private label(row: TokenizedRow, rowIndex: number): EncodeResult {
    return atRow(rowIndex, () => (row.kind === "labelled" ? row.result : this.conversations.label(row.conversation)));
  }

  private tokenizeRow(row: ParsedRow, rowIndex: number): TokenizedRow {
    if (row.kind === "conversation") {
      return { kind: "conversation", conversation: this.conversations.tokenize(row.conversation, rowIndex) };
    }
    if (row.kind === "text") return { kind: "labelled", result: encodePlainText(row.text, this.tokenizer) };
    return { kind: "labelled", result: encodePretokenized(row.tokens, this.tokenizer.vocabularySize) };
  }

  prefixDiffers(row: ParsedRow, encoded: EncodedRow): boolean {
    return prefixDiffers(encoded, this.promptEnds(row, encoded));
  }

  promptEnds(row: ParsedRow, tokens: RowTokens): readonly number[] {
    return row.kind === "conversation" ? this.conversations.promptEnds(row.conversation, tokens) : [];
  }

  promptBefore(row: ParsedRow, message: number): { ids: number[]; text: string } | undefined {
    return row.kind === "conversation" ? this.conversations.promptBefore(row.conversation, message) : undefined;
  }

  origins(row: ParsedRow, encoded: EncodedRow): TextOrigin[] {
    return row.kind === "conversation"
      ? this.conversations.origins(row.conversation, encoded)
      : originsOfTokens(encoded);
  }

  renderPrompt(messages: readonly Message[], tools?: readonly unknown[]): { ids: number[]; text: string } {
    return this.conversations.prompt(messages, tools);
  }
}

/** @throws SiftError of the template, the preset or the form */
function conversationEncoder(options: EncoderOptions): ConversationEncoder {
  const { template } = options;
  if (template.kind === "preset") return presetEncoder(options, template.name);
  if (template.kind === "form") return new FormEncoder(options, template.form);
  return new JinjaEncoder(options, template.source);
}

/** @throws SiftError `preset-unknown`, `preset-tokens` */
function presetEncoder(options: EncoderOptions, name: string): ConversationEncoder {
  const preset = presetOf(name);
  requireTokens(preset, options.tokenizer);
  if (preset.form) return new FormEncoder(options, preset.form);
  const { systemMessage, ...rest } = options;
  return new JinjaEncoder(
    { ...rest, mask: options.mask ?? preset.mask },
    preset.twin(systemMessage ?? preset.defaultSystem),
  );
}

/** Puts the row into the place of an error. */
function atRow<Result>(row: number, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof SiftError)) throw error;
    const { code, message, where, remedy } = error;
    throw new SiftError(code, message, {
      where: { ...where, row },
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}
