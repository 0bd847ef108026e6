import { type EncodedRow, IGNORE } from "./types.ts";

/** How many of a row's tokens are trained. The first position is never a target. */
export interface TrainedShare {
  readonly row: number;
  readonly tokens: number;
  readonly trained: number;
}

/** Rows that are kept: more than a list shows at once. */
const KEPT = 200;

/** The rows of which the smallest share is trained, least first; of equal shares the earlier row. Several, one a thread, merge. */
export class LeastTrained {
  private rows: TrainedShare[] = [];

  add(row: number, { labels }: Pick<EncodedRow, "labels">): void {
    let trained = 0;
    for (let i = 1; i < labels.length; i++) if (labels[i] !== IGNORE) trained++;
    this.rows.push({ row, tokens: labels.length, trained });
    if (this.rows.length >= 4 * KEPT) this.rows = this.list();
  }

  merge(others: readonly TrainedShare[]): void {
    this.rows = [...this.rows, ...others];
    if (this.rows.length >= 4 * KEPT) this.rows = this.list();
  }

  list(): TrainedShare[] {
    return [...this.rows].sort((a, b) => shareOf(a) - shareOf(b) || a.row - b.row).slice(0, KEPT);
  }
}

/** 0…1; 0 for a row without tokens. */
export const shareOf = ({ tokens, trained }: Pick<TrainedShare, "tokens" | "trained">): number =>
  tokens === 0 ? 0 : trained / tokens;
