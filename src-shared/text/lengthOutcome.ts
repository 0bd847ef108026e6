import { BIN_TOKENS, type KeptTokens, type LengthProfile } from "./lengthProfile.ts";

/** What can be done with rows that are longer than the limit: `over_length`, `truncation_mode` and `split_turns` together. */
export const LENGTH_POLICIES = ["error", "drop", "end", "oldest_turns", "whole_turns", "split", "turns"] as const;
export type LengthPolicy = (typeof LENGTH_POLICIES)[number];

/** What a limit would do to the rows under a policy. */
export interface LengthOutcome {
  /** Rows that are longer: under `error` they stop the run, under `drop` they are left out. */
  readonly rowsOver: number;
  readonly tokensLost: number;
  readonly supervisedLost: number;
  readonly tokensKept: number;
  /** Blocks of `maxLength` tokens, rows packed whole by first fit of the longest first; an estimate where rows share a bin. */
  readonly packs: number;
  /** The numbers are made from lengths of turns or parts and not from rows that were cut this way. */
  readonly estimated: boolean;
}

const sum = (list: readonly number[], from = 0): number => list.slice(from).reduce((total, each) => total + each, 0);

/**
 * What `max_length` would do. Undefined where the profile does not hold what the policy needs.
 * @param maxLength a multiple of BIN_TOKENS; another is taken as the next smaller one
 */
export function lengthOutcome(
  profile: LengthProfile,
  maxLength: number,
  policy: LengthPolicy = "end",
): LengthOutcome | undefined {
  const limit = Math.max(1, Math.floor(maxLength / BIN_TOKENS));
  const { policies } = profile;
  switch (policy) {
    case "end":
      return cutAtEnd(profile, limit);
    case "error":
      return { ...cutAtEnd(profile, limit), tokensLost: 0, supervisedLost: 0, tokensKept: sum(profile.tokens) };
    case "split":
      return splitInParts(profile, limit);
    case "drop":
      return policies && dropped(profile, policies.supervisedOf, limit);
    case "whole_turns":
      return policies && cutToKept(profile, policies.wholeTurns, limit);
    case "oldest_turns":
      return policies && { ...cutToKept(profile, policies.oldestTurns, limit), estimated: true };
    case "turns": {
      if (!policies) return undefined;
      const { turnRows: rows, turnTokens: tokens } = policies;
      return { ...cutAtEnd({ rows, tokens, supervised: profile.supervised }, limit), estimated: true };
    }
  }
}

function cutAtEnd(profile: LengthProfile, limit: number): LengthOutcome {
  const rowsOver = sum(profile.rows, limit);
  const tokensLost = sum(profile.tokens, limit) - rowsOver * limit * BIN_TOKENS;
  return {
    rowsOver,
    tokensLost,
    tokensKept: sum(profile.tokens) - tokensLost,
    supervisedLost: sum(profile.supervised, limit),
    packs: packCount(profile, limit, limit * BIN_TOKENS),
    estimated: false,
  };
}

function dropped(profile: LengthProfile, supervisedOf: readonly number[], limit: number): LengthOutcome {
  const tokensLost = sum(profile.tokens, limit);
  return {
    rowsOver: sum(profile.rows, limit),
    tokensLost,
    tokensKept: sum(profile.tokens) - tokensLost,
    supervisedLost: sum(supervisedOf, limit),
    packs: packCount(profile, limit, 0),
    estimated: false,
  };
}

function cutToKept(profile: LengthProfile, kept: KeptTokens, limit: number): LengthOutcome {
  const rowsOver = sum(profile.rows, limit);
  const left = kept.tokens[limit] ?? 0;
  const tokensLost = sum(profile.tokens, limit) - left;
  return {
    rowsOver,
    tokensLost,
    tokensKept: sum(profile.tokens) - tokensLost,
    supervisedLost: supervisedOver(profile, limit) - (kept.supervised[limit] ?? 0),
    packs: packCount(profile, limit, rowsOver === 0 ? 0 : Math.ceil(left / rowsOver)),
    estimated: false,
  };
}

const supervisedOver = ({ policies }: LengthProfile, limit: number): number =>
  policies ? sum(policies.supervisedOf, limit) : 0;

/** Parts of one row are taken as equally long. */
function splitInParts(profile: LengthProfile, limit: number): LengthOutcome {
  const capacity = limit * BIN_TOKENS;
  const rows = profile.rows.slice(0, limit);
  const tokens = profile.tokens.slice(0, limit);
  profile.rows.slice(limit).forEach((count, i) => {
    const all = profile.tokens[limit + i] ?? 0;
    if (count === 0) return;
    const parts = Math.ceil(all / count / capacity) * count;
    const bin = Math.min(limit, Math.ceil(all / parts / BIN_TOKENS)) - 1;
    rows[bin] = (rows[bin] ?? 0) + parts;
    tokens[bin] = (tokens[bin] ?? 0) + all;
  });
  const rowsOver = sum(profile.rows, limit);
  const packs = packCount({ rows, tokens, supervised: [] }, limit, 0);
  return {
    rowsOver,
    tokensLost: 0,
    supervisedLost: 0,
    tokensKept: sum(profile.tokens),
    packs,
    estimated: rowsOver > 0,
  };
}

/**
 * First fit of the longest first, over bins: rows of one bin count as its mean length.
 * @param cutLength tokens that rows beyond the limit have after it; 0 for rows that are left out
 */
function packCount(profile: LengthProfile, limit: number, cutLength: number): number {
  const capacity = limit * BIN_TOKENS;
  const groups = profile.rows
    .slice(0, limit)
    .map((count, bin) => ({ count, length: Math.ceil((profile.tokens[bin] ?? 0) / Math.max(1, count)) }));
  if (cutLength > 0) groups.push({ count: sum(profile.rows, limit), length: Math.min(capacity, cutLength) });
  const open = new OpenPacks(capacity);
  for (const { count, length } of groups.filter(({ count: n }) => n > 0).sort((a, b) => b.length - a.length)) {
    open.place(count, length);
  }
  return open.packs;
}

/** Packs by how much room they have. */
class OpenPacks {
  packs = 0;
  readonly #capacity: number;
  readonly #byRoom = new Map<number, number>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Rows of one length, each into the fullest pack that has room for it. */
  place(count: number, length: number): void {
    let left = count;
    while (left > 0) {
      const room = this.#bestRoom(length);
      if (room === undefined) return this.#openFor(left, length);
      const used = Math.min(left, this.#byRoom.get(room) ?? 0);
      this.#add(room, -used);
      this.#add(room - length, used);
      left -= used;
    }
  }

  #openFor(count: number, length: number): void {
    const each = Math.max(1, Math.floor(this.#capacity / length));
    const full = Math.floor(count / each);
    const rest = count - full * each;
    this.packs += full + (rest > 0 ? 1 : 0);
    if (full > 0) this.#add(this.#capacity - each * length, full);
    if (rest > 0) this.#add(this.#capacity - rest * length, 1);
  }

  /** The smallest room that is large enough. */
  #bestRoom(length: number): number | undefined {
    let best: number | undefined;
    for (const [room, count] of this.#byRoom) {
      if (count > 0 && room >= length && (best === undefined || room < best)) best = room;
    }
    return best;
  }

  #add(room: number, by: number): void {
    const next = (this.#byRoom.get(room) ?? 0) + by;
    if (next === 0) this.#byRoom.delete(room);
    else this.#byRoom.set(room, next);
  }
}
