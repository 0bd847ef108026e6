import { IGNORE, type EncodedRow } from "./types.ts";

/** Tokens of a bin. A limit that is a multiple of it is answered exactly. */
export const BIN_TOKENS = 16;
/** Positions beyond 131,072 tokens are counted in the last bin. */
const MAX_BINS = 8192;

/** How long rows are and where their supervised tokens stand: enough to say what any `max_length` would cost, in flat memory. */
export interface LengthProfile {
  /** Rows by length: entry b counts those of b·16+1 to (b+1)·16 tokens. */
  readonly rows: readonly number[];
  /** Supervised tokens by position: entry b counts those at b·16 to (b+1)·16−1. */
  readonly supervised: readonly number[];
  /** All tokens of the rows in each entry of `rows`. */
  readonly tokens: readonly number[];
}

/** What a limit would do to the rows. */
export interface LengthOutcome {
  readonly rowsCut: number;
  readonly tokensLost: number;
  readonly supervisedLost: number;
  /** Tokens that are left under the policy `truncate` (`drop` loses the whole rows). */
  readonly tokensKept: number;
  /** Blocks of `maxLength` tokens, rows packed whole by first fit of the longest first; an estimate where rows share a bin. */
  readonly packs: number;
}

/** Sums up rows; several profiles, one a thread, merge. */
export class LengthCounter {
  private readonly rows: number[] = [];
  private readonly supervised: number[] = [];
  private readonly tokens: number[] = [];

  /** A row with the length that it had before it was cut; supervised tokens that were cut off are not known any more. */
  add({ ids, labels, truncatedTokens = 0 }: Pick<EncodedRow, "ids" | "labels"> & Partial<EncodedRow>): void {
    const length = ids.length + truncatedTokens;
    const bin = binOf(length - 1);
    bump(this.rows, bin, 1);
    bump(this.tokens, bin, length);
    for (let i = 1; i < labels.length; i++) if (labels[i] !== IGNORE) bump(this.supervised, binOf(i), 1);
  }

  merge(other: LengthProfile): void {
    for (const name of ["rows", "supervised", "tokens"] as const) {
      other[name].forEach((count, bin) => bump(this[name], bin, count));
    }
  }

  profile(): LengthProfile {
    const filled = (list: readonly number[]): number[] => Array.from(list, (count) => count ?? 0);
    return { rows: filled(this.rows), supervised: filled(this.supervised), tokens: filled(this.tokens) };
  }
}

const binOf = (position: number): number => Math.min(MAX_BINS - 1, Math.max(0, Math.floor(position / BIN_TOKENS)));

function bump(list: number[], bin: number, by: number): void {
  list[bin] = (list[bin] ?? 0) + by;
}

/** What `max_length` would do. @param maxLength a multiple of BIN_TOKENS is exact; another is taken as the next smaller one */
export function lengthOutcome(profile: LengthProfile, maxLength: number): LengthOutcome {
  const limit = Math.max(1, Math.floor(maxLength / BIN_TOKENS));
  const sum = (list: readonly number[], from: number): number =>
    list.slice(from).reduce((total, each) => total + each, 0);
  const rowsCut = sum(profile.rows, limit);
  const tokensLost = sum(profile.tokens, limit) - rowsCut * limit * BIN_TOKENS;
  const tokensKept = sum(profile.tokens, 0) - tokensLost;
  const supervisedLost = sum(profile.supervised, limit);
  return { rowsCut, tokensLost, supervisedLost, tokensKept, packs: packCount(profile, limit) };
}

/** First fit of the longest first, over bins: rows of one bin count as its mean length. */
function packCount(profile: LengthProfile, limit: number): number {
  const capacity = limit * BIN_TOKENS;
  const open = new Map<number, number>(); // free tokens → packs that have them
  let packs = 0;
  for (let bin = profile.rows.length - 1; bin >= 0; bin--) {
    let left = profile.rows[bin] ?? 0;
    if (left === 0) continue;
    const length = bin >= limit ? capacity : Math.ceil((profile.tokens[bin] ?? 0) / left);
    while (left > 0) {
      const free = bestFree(open, length);
      if (free === undefined) {
        const each = Math.max(1, Math.floor(capacity / length));
        const made = Math.ceil(left / each);
        packs += made;
        const full = Math.floor(left / each);
        if (full > 0) bumpMap(open, capacity - each * length, full);
        if (made > full) bumpMap(open, capacity - (left - full * each) * length, 1);
        left = 0;
      } else {
        const count = open.get(free) ?? 0;
        const used = Math.min(left, count);
        bumpMap(open, free, -used);
        bumpMap(open, free - length, used);
        left -= used;
      }
    }
  }
  return packs;
}

/** The smallest room that is large enough. */
function bestFree(open: ReadonlyMap<number, number>, length: number): number | undefined {
  let best: number | undefined;
  for (const [free, count] of open) if (count > 0 && free >= length && (best === undefined || free < best)) best = free;
  return best;
}

function bumpMap(map: Map<number, number>, name: number, by: number): void {
  const next = (map.get(name) ?? 0) + by;
  if (next === 0) map.delete(name);
  else map.set(name, next);
}
