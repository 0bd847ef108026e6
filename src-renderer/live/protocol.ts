import type { EncodeSettings } from "#shared/contract/text.ts";
import type { ErrorReport } from "#shared/errors.ts";
import type { ViewedRow } from "#shared/preview/view.ts";
import type { ParsedRow } from "#shared/text/index.ts";

/** What the page and its encoding worker say to each other. */

/** A model as the worker is told of it with each request; the tokenizer's files came before, by hash. */
export interface LiveModelRef {
  readonly modelPath: string;
  /** Null where the folder has no tokenizer. */
  readonly tokenizer: string | null;
  readonly ownTemplate: string | null;
  readonly vocabularySize: number | null;
}

export interface RowRequest {
  readonly settings: EncodeSettings;
  readonly model: LiveModelRef;
  readonly row: ParsedRow;
  /** 0-based place of the row, for its messages. */
  readonly index: number;
}

export type LiveRequest =
  | { readonly kind: "tokenizer"; readonly hash: string; readonly tokenizer: string; readonly config: string }
  | ({ readonly kind: "row"; readonly id: number } & RowRequest);

/** Names of tokens that the worker has not named before for this tokenizer. */
export interface NewPieces {
  readonly ids: readonly number[];
  readonly pieces: readonly string[];
}

export interface EncodedReply extends ViewedRow {
  readonly newPieces: NewPieces;
}

export type LiveReply =
  | ({ readonly id: number; readonly ok: true } & EncodedReply)
  | { readonly id: number; readonly ok: false; readonly error: ErrorReport };
