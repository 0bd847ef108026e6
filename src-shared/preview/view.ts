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
  return tokenView(viewedRow(coder, row, index, { settings, model }), (id) => model.tokenizer?.idToToken(id));
}

/** An encoded row with where its text comes from. */
export type ViewedRow = Pick<EncodeResult, "encoded" | "notices"> & {
  readonly origins: readonly TextOrigin[];
  /** Positions of the tokenizer's own tokens. */
  readonly special: readonly number[];
  /** The first token that the maximum length cuts off; -1 where nothing is cut, or not at the end. */
  readonly cutFrom: number;
};

/** @throws SiftError of the template or the row */

export function viewedRow(
  coder: RowCoder,
  row: ParsedRow,
  index: number,
  { settings, model }: { settings: EncodeSettings; model: ModelText },
): ViewedRow {
  const { encoded: made, notices } = coder.encode(row, index);
  const decoded = row.kind === "tokens" && coder.encoder ? withDecodedText(made, coder.encoder.tokenizer) : made;
  const whole = decoded.truncatedTokens > 0 ? wholeRow(decoded, { settings, model, row, index }) : undefined;
  const placeOf = messagePlaces(row, settings);
  const encoded = withPlaces(whole ?? decoded, placeOf);
  const origins = coder.encoder?.origins(row, whole ?? decoded) ?? [];
  const tokenizer = coder.encoder?.tokenizer;
  return {
    encoded,
    notices,
    origins: placeOf ? origins.map((origin) => ({ ...origin, message: placeOf(origin.message) })) : origins,
    special: tokenizer ? Array.from(encoded.ids.keys()).filter((at) => tokenizer.isSpecial(encoded.ids[at] ?? -1)) : [],
    cutFrom: whole ? decoded.ids.length : -1,
  };
}

/** What the maximum length cuts off stands behind the rest, where it is the row's end that is cut. */
function wholeRow(
  cut: EncodedRow,
  { settings, model, row, index }: { settings: EncodeSettings; model: ModelText; row: ParsedRow; index: number },
): EncodedRow | undefined {
  const { maxLength: _, overLength: __, ...uncut } = settings;
  const { encoded: whole } = rowCoder(uncut, model).encode(row, index);
  const kept = cut.ids.length;
  if (kept >= whole.ids.length || cut.ids.some((id, at) => id !== whole.ids[at])) return undefined;
  const labels = whole.labels.slice().fill(IGNORE, kept);
  const weights = whole.weights.slice().fill(0, kept);
  labels.set(cut.labels);
  weights.set(cut.weights);
  return { ...whole, labels, weights, truncatedTokens: cut.truncatedTokens };
}

/** From the messages that were encoded to those of the row, where system turns were dropped or a default one was put in front. */
function messagePlaces(row: ParsedRow, settings: EncodeSettings): ((message: number) => number) | undefined {
  if (row.kind !== "conversation") return undefined;
  const given = row.conversation.messages.map(({ role }, at) => ({ role, at }));
  const kept = settings.systemPolicy === "drop" ? given.filter(({ role }) => role !== "system") : given;
  const puts = settings.template.kind !== "preset" && settings.systemMessage !== undefined;
  const places = kept.map(({ at }) => at);
  if (puts && !kept.some(({ role }) => role === "system")) places.unshift(-1);
  return places.every((place, at) => place === at) ? undefined : (message) => places[message] ?? -1;
}

const withPlaces = (encoded: EncodedRow, placeOf: ((message: number) => number) | undefined): EncodedRow =>
  placeOf ? { ...encoded, messages: encoded.messages.map(placeOf) } : encoded;

/** An encoded row as a view takes it. @param pieceOf what the tokenizer calls a token */
export function tokenView(
  { encoded, notices, origins, special, cutFrom }: ViewedRow,
  pieceOf: (id: number) => string | undefined,
): TokenView {
  const ids = column(encoded.ids);
  return {
    text: encoded.text,
    ids,
    pieces: ids.map((id) => pieceOf(id) ?? String(id)),
    special: special.filter((at) => at < MAX_VIEW_TOKENS),
    ...(cutFrom < 0 ? {} : { cutFrom }),
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
