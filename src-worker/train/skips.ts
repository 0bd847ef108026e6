import { SiftError } from "#shared/errors.ts";

/** Steps in a row that may be skipped; with this many the run ends. */
export const MAX_SKIPPED_IN_A_ROW = 3;
/** Row numbers that a message names. */
const SHOWN_ROWS = 20;

/** Counts the steps that were skipped in a row, with the rows that were in them. */
export class Skips {
  #rows: readonly (readonly number[])[];

  constructor(rows: readonly (readonly number[])[] = []) {
    this.#rows = rows;
  }

  /** Rows of each of the last steps in a row that were skipped. */
  get rows(): readonly (readonly number[])[] {
    return this.#rows;
  }

  taken(): void {
    this.#rows = [];
  }

  /** @returns how many in a row, this one included */
  skipped(rows: readonly number[]): number {
    this.#rows = [...this.#rows, rows];
    return this.#rows.length;
  }

  /** @throws SiftError `not-finite` once there are too many, with the rows involved */
  check(at: { step: number; what: "loss" | "gradient"; learningRate: number }): void {
    if (this.#rows.length < MAX_SKIPPED_IN_A_ROW) return;
    const rows = [...new Set(this.#rows.flat())].sort((a, b) => a - b);
    const named = rows.slice(0, SHOWN_ROWS).join(", ");
    const more = rows.length > SHOWN_ROWS ? ` and ${rows.length - SHOWN_ROWS} more` : "";
    const [row] = rows;
    throw new SiftError(
      "not-finite",
      `the ${at.what} was no finite number in ${this.#rows.length} steps in a row, up to step ${at.step}; rows in them: ${named}${more}`,
      {
        where: { what: "learning_rate", ...(row === undefined ? {} : { row }) },
        remedy: `Lower learning_rate (now ${at.learningRate}) or look at these rows, then resume from the last checkpoint`,
      },
    );
  }
}
