import { SiftError } from "#shared/errors.ts";
import { shiftLabels } from "./shift.ts";

/** Size of a block and how many stand open. */
export interface PackingOptions {
  /** Tokens a block may have. */
  readonly maxLength: number;
  /** Blocks that are open for more rows at a time. More of them waste less and move rows further from the sampler's order. */
  readonly openBlocks?: number;
}

/** At 2,048 tokens and rows of a few hundred, 16 open blocks fill 98 to 99 % and move a row by a few blocks at most. */
const DEFAULT_OPEN_BLOCKS = 16;

/**
 * Packs whole rows into blocks: each row goes into the first open block that has room; the fullest one makes way for a new one.
 * Depends on the lengths and their order only. Returns positions in `lengths`, block by block.
 * @throws SiftError `over-length` for a row longer than a block.
 */
export function packRows(lengths: ArrayLike<number>, options: PackingOptions): number[][] {
  const { maxLength } = options;
  const limit = Math.max(1, options.openBlocks ?? DEFAULT_OPEN_BLOCKS);
  const closed: number[][] = [];
  const open: { rows: number[]; free: number }[] = [];
  for (let row = 0; row < lengths.length; row++) {
    const length = lengths[row] ?? 0;
    if (length > maxLength) {
      throw new SiftError("over-length", `a row of ${length} tokens does not fit into a block of ${maxLength}`, {
        where: { row },
      });
    }
    const block = open.find((candidate) => candidate.free >= length);
    if (block) {
      block.rows.push(row);
      block.free -= length;
      continue;
    }
    if (open.length >= limit) closed.push(takeFullest(open));
    open.push({ rows: [row], free: maxLength - length });
  }
  return [...closed, ...open.map((block) => block.rows)];
}

function takeFullest(open: { rows: number[]; free: number }[]): number[] {
  const fullest = open.reduce((best, block, i) => (block.free < (open[best]?.free ?? Infinity) ? i : best), 0);
  return open.splice(fullest, 1)[0]?.rows ?? [];
}

/**
 * Batch units of an epoch (DESIGN 6): blocks of whole rows with packing, single rows without.
 * `order` is the sampler's; units hold row numbers.
 */
export function batchUnits(
  lengths: ArrayLike<number>,
  order: ArrayLike<number>,
  options: PackingOptions & { readonly packing: boolean },
): number[][] {
  const rows = Array.from(order);
  if (!options.packing) return rows.map((row) => [row]);
  const ordered = rows.map((row) => lengths[row] ?? 0);
  return packRows(ordered, options).map((block) => block.map((position) => rows[position] ?? 0));
}

/** Documents end to end. Arrays have one entry a token. */
export interface LaidOut {
  readonly ids: Int32Array;
  /** Shifted row by row: what position i predicts, or -100. */
  readonly labels: Int32Array;
  readonly weights: Float32Array;
  /** Restart at 0 with every document. */
  readonly positions: Int32Array;
  /** Offset of each document, and the total length at the end: attention stays within a document. */
  readonly offsets: Int32Array;
}

/** Lays rows end to end, never padded; each row's labels are shifted before. */
export function layOut(rows: readonly { ids: Int32Array; labels: Int32Array; weights: Float32Array }[]): LaidOut {
  const total = rows.reduce((sum, row) => sum + row.ids.length, 0);
  const result: LaidOut = {
    ids: new Int32Array(total),
    labels: new Int32Array(total),
    weights: new Float32Array(total),
    positions: new Int32Array(total),
    offsets: new Int32Array(rows.length + 1),
  };
  let at = 0;
  rows.forEach((row, i) => {
    const shifted = shiftLabels(row);
    result.ids.set(row.ids, at);
    result.labels.set(shifted.labels, at);
    result.weights.set(shifted.weights, at);
    result.positions.set(
      row.ids.map((_, position) => position),
      at,
    );
    at += row.ids.length;
    result.offsets[i + 1] = at;
  });
  return result;
}
