import type { AuthorLoss } from "./authors.ts";
import type { MaskOptions } from "./mask/options.ts";
import type { TokenizedConversation, TokenizedRow } from "./mask/tokenized.ts";
import type { RenderLimits } from "./jinja/limits.ts";
import type { TextOrigin } from "./origins.ts";
import type { RowTokens } from "./promptEnds.ts";
import type { RowOptions } from "./rowOptions.ts";
import type { SystemPolicy, TemplateForm } from "./presets/index.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import type { Conversation, EncodedRow, MaskPolicy, Message, ParsedRow } from "./types.ts";

/** What happens to a row with more than `max_length` tokens. */
export const OVER_LENGTH_POLICIES = ["error", "truncate", "drop", "split"] as const;
export type OverLength = (typeof OVER_LENGTH_POLICIES)[number];

/** A model's own Jinja source, one of the presets by name, or a form. */
export type TemplateChoice =
  | { readonly kind: "jinja"; readonly source: string }
  | { readonly kind: "preset"; readonly name: string }
  | { readonly kind: "form"; readonly form: TemplateForm };

/** Everything that decides ids and labels besides the rows; its hash is part of a run's record. */
export interface EncoderOptions {
  readonly tokenizer: Tokenizer;
  readonly template: TemplateChoice;
  /** Default: the preset's own, else assistant. */
  readonly mask?: MaskPolicy;
  /** What of the policy's choice is changed. */
  readonly maskOptions?: MaskOptions;
  readonly rowOptions?: RowOptions;
  /** Tokens a row may have; without it nothing is cut. */
  readonly maxLength?: number;
  /** Default error. */
  readonly overLength?: OverLength;
  /** Default system text: replaces a preset's own; for a Jinja template, a system turn for rows that have none. */
  readonly systemMessage?: string;
  readonly systemPolicy?: SystemPolicy;
  /** Template variables for every row (`enable_thinking`, `date_string`, …). */
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly limits?: Partial<RenderLimits>;
  /** Clock, milliseconds since 1970; default the system's. */
  readonly now?: () => number;
}

/** Something that was done to a row, or is in it, that its owner should know. Never an error. */
export interface RowNotice {
  readonly code:
    | "dropped-first-turn"
    | "special-token-in-content"
    | "text-mismatch"
    | "truncated"
    | "dropped-over-length"
    | "split-over-length"
    | "stripped-reasoning"
    | "unwritten-reasoning"
    | "transformed-answer";
  readonly message: string;
  readonly row: number;
}

/** What the proof needs to know of a row besides its arrays. */
export interface RowFacts {
  readonly kind: ParsedRow["kind"];
  /** Role of each message. */
  readonly roles: readonly string[];
  /** The tokens stand for another text than the template rendered. */
  readonly lossy: boolean;
  /** Token positions of special tokens that came with a message's content. */
  readonly specialInContent: readonly number[];
  /** What the template made of messages so that their characters are not known any more; left out where it did nothing of the kind. */
  readonly losses?: readonly AuthorLoss[];
}

/** One row, encoded, with what its owner should know about it. */
export interface EncodeResult {
  /** Uncut, or cut where `overLength` is truncate. */
  readonly encoded: EncodedRow;
  readonly notices: readonly RowNotice[];
  readonly facts: RowFacts;
}

/** What one row of the data becomes, and what it was before its length was looked at. */
export interface EncodedRows {
  readonly rows: EncodedRow[];
  readonly notices: readonly RowNotice[];
  readonly facts: RowFacts;
  readonly whole: EncodedRow;
}

/** An encoder of one kind of template, before lengths are looked at. */
export interface ConversationEncoder {
  readonly mask: MaskPolicy;
  /** What is written to ask for an answer; empty where the template writes nothing. */
  readonly generationPrompt: string;
  /** The token that ends a turn; undefined where the template writes none. */
  readonly endOfTurn: number | undefined;
  /** Jinja source: the template itself, or the preset's twin. */
  readonly templateSource: string;
  /** The token that a form names for padding, to be saved with the model; undefined: the tokenizer's own stays. */
  readonly pad?: { readonly text: string; readonly id: number } | undefined;
  tokenize(conversation: Conversation, row: number): TokenizedConversation;
  label(tokenized: TokenizedConversation): EncodeResult;
  prompt(messages: readonly Message[], tools?: readonly unknown[]): { ids: number[]; text: string };
  promptEnds(conversation: Conversation, row: RowTokens): number[];
  promptBefore(conversation: Conversation, message: number): { ids: number[]; text: string } | undefined;
  origins(conversation: Conversation, encoded: EncodedRow): TextOrigin[];
}

/** What `createEncoder` returns. */
export interface RowEncoder {
  readonly tokenizer: Tokenizer;
  readonly mask: MaskPolicy;
  readonly maskOptions: MaskOptions;
  readonly endOfTurn: number | undefined;
  /** What is written to ask for an answer; empty where the template writes nothing. */
  readonly generationPrompt: string;
  /** Ids at which generation stops: the end of a turn and the tokenizer's EOS. */
  readonly stopIds: readonly number[];
  readonly templateSource: string;
  /** See ConversationEncoder. */
  readonly pad: { readonly text: string; readonly id: number } | undefined;
  /**
   * One row, with the labels of its positions.
   * @throws SiftError for a row that cannot be encoded; `where.row` is set. `over-length` where it is too long and the
   *   policy is error, drop or split (use `encodeAll` for the last two).
   */
  encode(row: ParsedRow, rowIndex: number): EncodeResult;
  /** The same under every over-length policy: no row (drop), one, or several (split). */
  encodeAll(row: ParsedRow, rowIndex: number): EncodedRows;
  /** The row as it is before its length is looked at. */
  whole(row: ParsedRow, rowIndex: number): EncodeResult;
  /**
   * `encodeAll` in two steps, so that another mask needs only the second. A row tokenised by one encoder can be labelled by every
   * encoder that differs in mask, options with the same `textKeyOf`, or lengths only.
   */
  tokenize(row: ParsedRow, rowIndex: number): TokenizedRow;
  relabel(tokenized: TokenizedRow, rowIndex: number): EncodedRows;
  /**
   * Whether some trained answer stands behind other ids than those that serving would give the model for it. Renders the row
   * once more for each answer, so only the proof asks.
   */
  prefixDiffers(row: ParsedRow, encoded: EncodedRow): boolean;
  /** What `prefixDiffers` looks at, for every answer whatever is trained: see promptEnds.ts. */
  promptEnds(row: ParsedRow, tokens: RowTokens): readonly number[];
  /** What serving would give the model for a message of the row as it was encoded; undefined where the template refuses. */
  promptBefore(row: ParsedRow, message: number): { ids: number[]; text: string } | undefined;
  /** Which message and which piece of the template each stretch of `encoded.text` comes from. Renders once more: for views. */
  origins(row: ParsedRow, encoded: EncodedRow): TextOrigin[];
  /** What the model is given when it is asked for the next turn. */
  renderPrompt(messages: readonly Message[], tools?: readonly unknown[]): { ids: number[]; text: string };
}
