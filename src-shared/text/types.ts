/**
 * The one currency of the text side: a conversation, and what it becomes once encoded.
 * Ids, labels, weights, character spans and reasons of a position are made in one place and travel together.
 */

/** A call of a tool, in OpenAI's words; arguments are an object, or text that is no JSON object. */
export interface ToolCall {
  readonly type?: "function";
  readonly id?: string;
  readonly function: { readonly name: string; readonly arguments: unknown };
}

/** A part of a content that is a list: text, or something a template handles by its type. */
export interface ContentPart {
  readonly type: string;
  readonly text?: string;
  readonly [key: string]: unknown;
}

/** A weight that a person painted on characters `start`…`end` (UTF-16 code units, end excluded) of the content. */
export interface WeightSpan {
  readonly start: number;
  readonly end: number;
  readonly weight: number;
}

/** One turn of a conversation. */
export interface Message {
  /** After alias resolution: system, user, assistant, tool; anything else is kept as written. */
  readonly role: string;
  readonly content: string | readonly ContentPart[] | null;
  readonly reasoning?: string;
  readonly tool_calls?: readonly ToolCall[];
  readonly tool_call_id?: string;
  readonly name?: string;
  /** Scales the loss of this message; 0 switches it off. */
  readonly weight?: number;
  readonly spans?: readonly WeightSpan[];
  /** Other keys of the row's message, given to the template as they are. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** What every input shape becomes; the raw row is kept beside it by whoever stores it. */
export interface Conversation {
  readonly messages: readonly Message[];
  readonly tools?: readonly unknown[];
  /** Extra template variables (`enable_thinking`, `date_string`, …). */
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly id?: string;
  readonly source?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A row that another tool tokenised: template and mask do not apply. */
export interface PretokenizedRow {
  readonly inputIds: readonly number[];
  /** Unshifted: own id or IGNORE. */
  readonly labels: readonly number[];
  /** Loss weight of each scored position; 1 where left out. */
  readonly weights?: readonly number[];
}

/** What a row of a file becomes, whatever its shape. `text` is a document without roles (mask `all`). */
export type ParsedRow =
  | { readonly kind: "conversation"; readonly conversation: Conversation }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tokens"; readonly tokens: PretokenizedRow };

/** Label of a position that is not scored. */
export const IGNORE = -100;

/** `structural` needs a template that is made of segments (see `chatml-human`). */
export const MASK_POLICIES = ["assistant", "last_assistant", "all", "structural"] as const;
/** Which tokens are trained. */
export type MaskPolicy = (typeof MASK_POLICIES)[number];

/** Why a position is, or is not, trained. Stored as one byte a token: the index in this list. */
export const REASONS = [
  "template", // written by the template, no message behind it
  "other-role", // content of a role that the policy does not train
  "answer", // content of a trained message
  "end-of-turn", // the trained end-of-turn token
  "structural", // S, E, N of a segment template under `structural`
  "tagged", // inside {% generation %}
  "everything", // policy `all`
  "weight-zero", // switched off by a message weight or a span
  "earlier-turn", // an assistant turn before the last under `last_assistant`
  "pretokenized", // label came with the row
  "header", // the opening of a trained turn, trained by choice
  "header-off", // the opening of a turn, switched off
  "role", // written by another role than the assistant that the options train
  "role-off", // written by a role that the options switch off
  "end-of-turn-off", // an end-of-turn token that is not trained by choice
  "reasoning", // trained reasoning, where the options speak of it
  "reasoning-off", // reasoning that is not trained by choice
  "reasoning-earlier", // reasoning before the last turn, which is not trained by choice
  "tool-calls", // trained tool calls, where the options speak of them
  "tool-calls-off", // tool calls that are not trained by choice
  "rule", // switched on by a rule of the options
  "rule-off", // switched off by a rule of the options
  "transformed", // made from a message's text by an operation of the template after which nobody knows who wrote it
] as const;
/** Name of a reason. */
export type Reason = (typeof REASONS)[number];

/** A row, encoded. All arrays have one entry a token. */
export interface EncodedRow {
  readonly ids: Int32Array;
  /** Unshifted: own id or IGNORE. */
  readonly labels: Int32Array;
  /** Loss weight of the token where it is a target; 0 where the label is IGNORE. */
  readonly weights: Float32Array;
  /** Character span of each token in `text`, UTF-16 code units, end excluded. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Index into REASONS. */
  readonly reasons: Uint8Array;
  /** Message that wrote in this token (the first, where several did), -1 for the template. */
  readonly messages: Int16Array;
  /** Rule that decided each token: its place in the options' `rules`, from 1; 0 for none. Left out where there are no rules. */
  readonly rules?: Uint8Array;
  /** The rendered text. */
  readonly text: string;
  /** Tokens cut by max_length (0: nothing was cut). */
  readonly truncatedTokens: number;
}
