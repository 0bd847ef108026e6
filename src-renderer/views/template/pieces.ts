import type { AuthorLoss } from "#shared/contract/proof.ts";
import type { TokenView } from "#shared/contract/text.ts";

/** Characters of a text as code units, end excluded. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A piece of rendered text: its place there, what of the template's source wrote it, and whose message it is. */
export interface Piece extends Range {
  readonly source?: Range;
  /** Index of the message; absent for what the template added by itself. */
  readonly message?: number;
  /** Of a text that the template made from a message's: why it is not known who wrote which character. */
  readonly loss?: AuthorLoss;
}

/** A stretch of the rendered text as core and the page's encoder tell it. */
export function pieceOf({ start, end, message, templateFrom, templateTo, loss }: TokenView["origins"][number]): Piece {
  return {
    from: start,
    to: end,
    ...(templateFrom < 0 ? {} : { source: { from: templateFrom, to: templateTo } }),
    ...(message < 0 ? {} : { message }),
    ...(loss ? { loss } : {}),
  };
}

/** The panes that take part in one selection. */
export type SelectedBy = "editor" | "rendered" | "tokens" | "conversation";

/** Pieces that a place touches: by source range, by text range, or by message. A caret touches the piece that it stands in. */
export function overlapping(
  pieces: readonly Piece[],
  place: { source?: Range; text?: Range; message?: number },
): readonly Piece[] {
  const { source, text, message } = place;
  if (source) return pieces.filter((piece) => piece.source !== undefined && touches(piece.source, source));
  if (text) return pieces.filter((piece) => touches(piece, text));
  if (message !== undefined) return pieces.filter((piece) => piece.message === message);
  return [];
}

const touches = (a: Range, b: Range): boolean =>
  b.from === b.to ? a.from <= b.from && b.from < a.to : a.from < b.to && b.from < a.to;

/** Messages that wrote the pieces, ascending. */
export function messagesOf(pieces: readonly Piece[]): number[] {
  const indices = new Set(pieces.flatMap((piece) => (piece.message === undefined ? [] : [piece.message])));
  return [...indices].sort((a, b) => a - b);
}

/** The same characters as ranges that are in order and neither overlap nor touch. */
export function merged(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => a.from - b.from || a.to - b.to);
  const result: Range[] = [];
  for (const range of sorted) {
    const last = result.at(-1);
    if (last && range.from <= last.to) result[result.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    else result.push(range);
  }
  return result;
}
