import type { EncodeResult, RowFacts, RowNotice } from "../encoderTypes.ts";
import type { SegmentPart } from "../presets/segments.ts";
import type { Segment } from "../render.ts";

/** Token ids and spans, one entry a token; UTF-16 code units, ends excluded. */
export interface TokenColumns {
  readonly ids: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** A conversation rendered and tokenised: all that labels need, and nothing that depends on the mask. Plain data. */
export interface TokenizedConversation extends TokenColumns {
  readonly text: string;
  /** The messages as they were rendered. */
  readonly turns: readonly { readonly role: string; readonly weight: number }[];
  /** The text cut where its author changes, without gaps. */
  readonly segments: readonly Segment[];
  /** Stretches inside `{% generation %}`. */
  readonly generations: readonly { readonly start: number; readonly end: number }[];
  /** Of a template made of segments: what each token is, and the turn whose frame or content it is. */
  readonly frame?: { readonly parts: readonly SegmentPart[]; readonly owners: Int16Array };
  /** Where the template stops writing calls of tools that no end of turn closes: message and offset. Left out where there are none. */
  readonly callEnds?: readonly (readonly [message: number, end: number])[];
  readonly notices: readonly RowNotice[];
  readonly facts: RowFacts;
}

/** A row on the way to its labels. Documents without roles and rows that came tokenised have theirs already. */
export type TokenizedRow =
  | { readonly kind: "conversation"; readonly conversation: TokenizedConversation }
  | { readonly kind: "labelled"; readonly result: EncodeResult };
