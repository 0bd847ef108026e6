import type { RowNotice } from "#shared/text/encoderTypes.ts";
import { IGNORE, type EncodedRow } from "#shared/text/types.ts";
import type { NoticeCount } from "./thread-protocol.ts";

/** Rows that a notice names; its count goes on beyond them. */
const NOTICE_ROWS = 20;

/** Counts notices by code, each row once a code. */
export class NoticeCounts {
  readonly #counts = new Map<string, { count: number; rows: number[] }>();

  add(row: number, notices: readonly RowNotice[]): void {
    if (notices.length === 0) return;
    for (const code of new Set(notices.map((notice) => notice.code))) this.merge({ code, count: 1, rows: [row] });
  }

  /** Counts of later rows. */
  merge({ code, count, rows }: NoticeCount): void {
    const known = this.#counts.get(code) ?? { count: 0, rows: [] };
    known.count += count;
    known.rows.push(...rows.slice(0, NOTICE_ROWS - known.rows.length));
    this.#counts.set(code, known);
  }

  list(): NoticeCount[] {
    return [...this.#counts].map(([code, { count, rows }]) => ({ code, count, rows }));
  }
}

/** Whether a scored token counts other than 1. */
export const hasWeights = ({ weights, labels }: Pick<EncodedRow, "weights" | "labels">): boolean =>
  weights.some((weight, i) => labels[i] !== IGNORE && weight !== 1);
