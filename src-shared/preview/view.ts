import type { EncodeSettings, TokenView } from "#shared/contract/text.ts";
import { IGNORE, type EncodedRow, type EncodeResult, type ParsedRow, type TextOrigin } from "#shared/text/index.ts";
import { withDecodedText } from "./decoded.ts";
import { rowCoder, type ModelText, type RowCoder } from "./coder.ts";

/** Tokens of one view at most; a longer row is cut for display only. */
const MAX_VIEW_TOKENS = 200_000;

/** A view shows every token; what max_length would cut is only told. */
export function viewSettings(settings: EncodeSettings): EncodeSettings {
  const { maxLength, overLength, ...uncut } = settings;
  const cuts =
    maxLength !== undefined && (overLength === "truncate" || overLength === undefined || overLength === "error");
  return cuts ? { ...uncut, maxLength, overLength: "truncate" } : uncut;
}

/** Tokens and labels of a row, made by the function that trains. @throws SiftError of the template or the row */
export function viewRow(settings: EncodeSettings, model: ModelText, row: ParsedRow, index: number): TokenView {
  const coder = rowCoder(viewSettings(settings), model);
  return tokenView(viewedRow(coder, row, index), (id) => model.tokenizer?.idToToken(id));
}

/** An encoded row with where its text comes from. */
export type ViewedRow = Pick<EncodeResult, "encoded" | "notices"> & { readonly origins: readonly TextOrigin[] };

/** @throws SiftError of the template or the row */
export function viewedRow(coder: RowCoder, row: ParsedRow, index: number): ViewedRow {
  const { encoded: made, notices } = coder.encode(row, index);
  const encoded = row.kind === "tokens" && coder.encoder ? withDecodedText(made, coder.encoder.tokenizer) : made;
  return { encoded, notices, origins: coder.encoder?.origins(row, encoded) ?? [] };
}

/** An encoded row as a view takes it. @param pieceOf what the tokenizer calls a token */
export function tokenView(
  { encoded, notices, origins }: ViewedRow,
  pieceOf: (id: number) => string | undefined,
): TokenView {
  const ids = column(encoded.ids);
  return {
    text: encoded.text,
    ids,
    pieces: ids.map((id) => pieceOf(id) ?? String(id)),
    labels: column(encoded.labels),
    weights: column(encoded.weights),
    starts: column(encoded.starts),
    ends: column(encoded.ends),
    reasons: column(encoded.reasons),
    messages: column(encoded.messages),
    ...(encoded.rules ? { rules: column(encoded.rules) } : {}),
    origins: [...origins],
    supervised: countScored(encoded),
    truncatedTokens: encoded.truncatedTokens,
    notices: notices.map((notice) => notice.message),
  };
}

/** A column as a plain array; `Array.from` takes five times as long, which shows at 32,000 tokens. */
function column(array: Int32Array | Float32Array | Uint8Array | Int16Array): number[] {
  const length = Math.min(array.length, MAX_VIEW_TOKENS);
  const values = new Array<number>(length);
  for (let i = 0; i < length; i++) values[i] = array[i] ?? 0;
  return values;
}

/** Tokens that are a target: the first of a document never is. */
export function countScored({ labels }: Pick<EncodedRow, "labels">): number {
  let count = 0;
  for (let i = 1; i < labels.length; i += 1) if (labels[i] !== IGNORE) count += 1;
  return count;
}
