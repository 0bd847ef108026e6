import { IGNORE, type EncodedRow } from "./types.ts";

/** Tokens of a bin. A limit that is a multiple of it is answered exactly where nothing else is said. */
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
  /** What the other policies need; proofs of an earlier version have none. */
  readonly policies?: PolicyProfile | undefined;
}

/** Rows in other shapes. Entry l of a `kept` list is what is left of the rows that are longer than l·16 tokens at that limit. */
export interface PolicyProfile {
  /** Supervised tokens of the rows in each entry of `rows`. */
  readonly supervisedOf: readonly number[];
  /** The rows, and their tokens, that a row for each answer makes, by length. */
  readonly turnRows: readonly number[];
  readonly turnTokens: readonly number[];
  readonly wholeTurns: KeptTokens;
  /** From the lengths of turns: a template that writes another text once turns are gone makes it an estimate. */
  readonly oldestTurns: KeptTokens;
}
/** Tokens and supervised tokens that are left, by limit. */
export interface KeptTokens {
  readonly tokens: readonly number[];
  readonly supervised: readonly number[];
}

/** A whole row with what its turns are known by. */
export interface ProfiledRow extends Pick<EncodedRow, "ids" | "labels"> {
  readonly messages?: Int32Array | Int16Array;
  /** Text and its places, for the white space behind an end of turn. */
  readonly text?: string;
  readonly starts?: Int32Array;
  readonly ends?: Int32Array;
}
/** What tells the turns of a row apart. */
export interface TurnFacts {
  /** Role of each message; none where the row is no conversation. */
  readonly roles?: readonly string[];
  /** Ids that end a turn. */
  readonly stopIds?: ReadonlySet<number>;
}

const LISTS = ["rows", "supervised", "tokens", "supervisedOf", "turnRows", "turnTokens"] as const;
type Lists = Record<
  (typeof LISTS)[number] | "wholeTokens" | "wholeSupervised" | "oldTokens" | "oldSupervised",
  number[]
>;

/** Sums up rows; several profiles, one a thread, merge. */
export class LengthCounter {
  private readonly lists: Lists = {
    rows: [],
    supervised: [],
    tokens: [],
    supervisedOf: [],
    turnRows: [],
    turnTokens: [],
    wholeTokens: [],
    wholeSupervised: [],
    oldTokens: [],
    oldSupervised: [],
  };

  /** A row as it is before anything of it is cut. */
  add(row: ProfiledRow, { roles = [], stopIds = new Set() }: TurnFacts = {}): void {
    const { labels } = row;
    const { length } = row.ids;
    const bin = binOf(length - 1);
    const { lists } = this;
    bump(lists.rows, bin, 1);
    bump(lists.tokens, bin, length);
    /** Supervised tokens before each position; the first position is never one. */
    const before = new Int32Array(length + 1);
    for (let i = 0; i < length; i++) {
      const isScored = i > 0 && labels[i] !== IGNORE;
      before[i + 1] = (before[i] ?? 0) + (isScored ? 1 : 0);
      if (isScored) bump(lists.supervised, binOf(i), 1);
    }
    const supervised = (from: number, to: number): number => (before[to] ?? 0) - (before[from] ?? 0);
    bump(lists.supervisedOf, bin, supervised(0, length));
    for (const end of answerEnds(row, roles)) {
      bump(lists.turnRows, binOf(end - 1), 1);
      bump(lists.turnTokens, binOf(end - 1), end);
    }
    const wholeEnd = turnEnds(row, stopIds);
    const exchanges = exchangeStarts(row, roles);
    for (let l = 1; l * BIN_TOKENS < length && l < MAX_BINS; l++) {
      const limit = l * BIN_TOKENS;
      const end = wholeEnd(limit);
      bump(lists.wholeTokens, l, end);
      bump(lists.wholeSupervised, l, supervised(0, end));
      const { first, cut, kept } = withoutOldest(exchanges, length, limit);
      bump(lists.oldTokens, l, kept);
      bump(
        lists.oldSupervised,
        l,
        supervised(0, Math.min(first, kept)) + supervised(cut, cut + Math.max(0, kept - first)),
      );
    }
  }

  merge({ policies, ...own }: LengthProfile): void {
    const add = (list: number[], other: readonly number[] = []): void =>
      other.forEach((count, bin) => bump(list, bin, count));
    for (const name of LISTS) add(this.lists[name], { ...own, ...policies }[name]);
    add(this.lists.wholeTokens, policies?.wholeTurns.tokens);
    add(this.lists.wholeSupervised, policies?.wholeTurns.supervised);
    add(this.lists.oldTokens, policies?.oldestTurns.tokens);
    add(this.lists.oldSupervised, policies?.oldestTurns.supervised);
  }

  profile(): LengthProfile {
    const { rows, supervised, tokens, supervisedOf, turnRows, turnTokens, ...kept } = this.lists;
    return {
      rows: filled(rows),
      supervised: filled(supervised),
      tokens: filled(tokens),
      policies: {
        supervisedOf: filled(supervisedOf),
        turnRows: filled(turnRows),
        turnTokens: filled(turnTokens),
        wholeTurns: { tokens: filled(kept.wholeTokens), supervised: filled(kept.wholeSupervised) },
        oldestTurns: { tokens: filled(kept.oldTokens), supervised: filled(kept.oldSupervised) },
      },
    };
  }
}

const filled = (list: readonly number[]): number[] => Array.from(list, (count) => count ?? 0);

const binOf = (position: number): number => Math.min(MAX_BINS - 1, Math.max(0, Math.floor(position / BIN_TOKENS)));

function bump(list: number[], bin: number, by: number): void {
  list[bin] = (list[bin] ?? 0) + by;
}

/** Behind each trained answer of several; the whole row where there are not several. */
function answerEnds(row: ProfiledRow, roles: readonly string[]): number[] {
  const { ids, labels, messages } = row;
  const ends = new Map<number, number>();
  let answer = -1;
  for (let i = 0; i < ids.length; i++) {
    const message = messages?.[i] ?? -1;
    if (message >= 0) answer = roles[message] === "assistant" ? message : -1;
    if (answer >= 0 && labels[i] !== IGNORE) ends.set(answer, i + 1);
  }
  if (ends.size <= 1) return [ids.length];
  // the template's line end behind the end of turn belongs to it
  return [...ends.values()].map((end) =>
    end < ids.length && messages?.[end] === -1 && isBlank(row, end) ? end + 1 : end,
  );
}

/** Where `whole_turns` cuts at a limit, as overLength.ts does it; limits are asked for in ascending order. */
function turnEnds(row: ProfiledRow, stopIds: ReadonlySet<number>): (limit: number) => number {
  const isEnd = (i: number): boolean => i > 0 && stopIds.has(row.ids[i] ?? -1) && row.labels[i] !== IGNORE;
  let at = 0;
  let last = -1;
  return (limit) => {
    for (; at < limit; at++) if (isEnd(at)) last = at;
    if (last < 0) return limit;
    return last + 2 <= limit && isBlank(row, last + 1) ? last + 2 : last + 1;
  };
}

const isBlank = ({ text = "", starts, ends }: ProfiledRow, i: number): boolean =>
  text.slice(starts?.[i], ends?.[i]).trim() === "";

/** First tokens of the messages that begin an exchange: the first behind the system turns, then every further user's. */
function exchangeStarts({ ids, messages }: ProfiledRow, roles: readonly string[]): number[] {
  const starts: number[] = [];
  let seen = -1;
  for (let i = 0; i < ids.length; i++) {
    const message = messages?.[i] ?? -1;
    if (message <= seen) continue;
    seen = message;
    const role = roles[message] ?? "";
    if (role === "system" || role === "developer") continue;
    if (starts.length === 0 || role === "user") starts.push(i);
  }
  return starts;
}

/** The row at a limit without as many of its first exchanges as that takes: tokens before `first` and from `cut` on, `kept` in all. */
function withoutOldest(
  starts: readonly number[],
  length: number,
  limit: number,
): { first: number; cut: number; kept: number } {
  const first = starts[0] ?? 0;
  const fits = starts.find((start) => length - (start - first) <= limit);
  const cut = fits ?? starts.at(-1) ?? 0;
  return { first, cut, kept: Math.min(limit, length - (cut - first)) };
}
