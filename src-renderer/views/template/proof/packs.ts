import type { Pack } from "#shared/contract/packing.ts";

/** A row of a pack with the places that it takes up in it, both included. Positions of the model restart with it at 0. */
export interface PlacedRow {
  readonly row: Pack["rows"][number];
  readonly from: number;
  readonly to: number;
}

/** Rows of a pack end to end. */
export function placed(pack: Pack): PlacedRow[] {
  let from = 0;
  return pack.rows.map((row) => {
    const start = from;
    from += row.tokens;
    return { row, from: start, to: from - 1 };
  });
}
