import { SiftError } from "#shared/errors.ts";
import type { OverLength, RowNotice } from "./encoderTypes.ts";
import { type EncodedRow, IGNORE } from "./types.ts";

/** The limit, what to do beyond it, and which row this is. */
export interface OverLengthOptions {
  readonly maxLength: number;
  readonly policy: OverLength;
  readonly row: number;
  /** Ids that end a turn: `split` cuts behind one where it can. */
  readonly stopIds?: readonly number[];
  /** `truncate` cuts behind the last turn that fits, where one does. */
  readonly wholeTurns?: boolean;
}

/** A row that fits stays as it is; for one that does not, the policy decides. @throws SiftError `over-length`. */
export function applyOverLength(
  encoded: EncodedRow,
  options: OverLengthOptions,
): { rows: EncodedRow[]; notice?: RowNotice } {
  const { maxLength, policy, row } = options;
  const { length } = encoded.ids;
  if (length <= maxLength) return { rows: [encoded] };
  const excess = `the row has ${length} tokens, ${length - maxLength} more than max_length ${maxLength}`;
  switch (policy) {
    case "error":
      throw new SiftError("over-length", excess, {
        where: { row },
        remedy: "raise max_length, or set over_length to truncate, drop or split",
      });
    case "truncate": {
      const end = options.wholeTurns === true ? lastWholeTurn(encoded, maxLength, new Set(options.stopIds)) : maxLength;
      return {
        rows: [{ ...sliceRow(encoded, 0, end), truncatedTokens: length - end }],
        notice: { code: "truncated", message: `${excess}; its end was cut`, row },
      };
    }
    case "drop":
      return { rows: [], notice: { code: "dropped-over-length", message: `${excess}; it was left out`, row } };
    case "split": {
      const rows = splitRow(encoded, maxLength, new Set(options.stopIds));
      return {
        rows,
        notice: { code: "split-over-length", message: `${excess}; it was split into ${rows.length} rows`, row },
      };
    }
  }
}

/** Behind the last trained turn that ends within the limit, with the white space after it; the limit where none does. */
function lastWholeTurn(row: EncodedRow, maxLength: number, stopIds: ReadonlySet<number>): number {
  for (let i = maxLength - 1; i > 0; i--) {
    if (!stopIds.has(row.ids[i] ?? -1) || row.labels[i] === IGNORE) continue;
    const next = row.text.slice(row.starts[i + 1], row.ends[i + 1]);
    return i + 2 <= maxLength && next.trim() === "" ? i + 2 : i + 1;
  }
  return maxLength;
}

/** Tokens `start`…`end` of a row, as a document of its own; the text stays whole. */
export function sliceRow(row: EncodedRow, start: number, end: number): EncodedRow {
  return {
    ids: row.ids.slice(start, end),
    labels: row.labels.slice(start, end),
    weights: row.weights.slice(start, end),
    starts: row.starts.slice(start, end),
    ends: row.ends.slice(start, end),
    reasons: row.reasons.slice(start, end),
    messages: row.messages.slice(start, end),
    ...(row.rules ? { rules: row.rules.slice(start, end) } : {}),
    text: row.text,
    truncatedTokens: 0,
  };
}

/** Parts of at most `maxLength`, cut behind the last turn that ends in the second half of a part, else where it is full. */
function splitRow(row: EncodedRow, maxLength: number, stopIds: ReadonlySet<number>): EncodedRow[] {
  const parts: EncodedRow[] = [];
  for (let start = 0; start < row.ids.length;) {
    const end = Math.min(row.ids.length, start + maxLength);
    const cut = end === row.ids.length ? end : turnEnd(row.ids, { start, end, stopIds });
    parts.push(sliceRow(row, start, cut));
    start = cut;
  }
  return parts;
}

function turnEnd(ids: Int32Array, window: { start: number; end: number; stopIds: ReadonlySet<number> }): number {
  const earliest = window.start + Math.floor((window.end - window.start) / 2);
  for (let i = window.end - 1; i >= earliest; i--) if (window.stopIds.has(ids[i] ?? -1)) return i + 1;
  return window.end;
}
