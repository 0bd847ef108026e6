import type { TokenChange, TokenDiff } from "#shared/text/diff/tokens.ts";
import type { DrawnToken } from "./view.ts";

/** A comparison, laid on the tokens that are on screen. */
export interface DiffMarks {
  /** Change of each token that changed. */
  readonly changes: ReadonlyMap<number, TokenChange>;
  /** Tokens that are gone, by the token in front of which they stood (the number of tokens: at the end). */
  readonly removed: ReadonlyMap<number, readonly DrawnToken[]>;
  /** First token of each change, ascending: where "next change" leads. */
  readonly stops: readonly number[];
}

/** Sign of a change, drawn beside the colour. */
export const CHANGE_SIGNS: Readonly<Record<TokenChange, string>> = {
  inserted: "+",
  removed: "−",
  label: "≠",
  weight: "×",
};

export function diffMarks(diff: TokenDiff, before: readonly DrawnToken[]): DiffMarks {
  const changes = new Map<number, TokenChange>();
  const removed = new Map<number, readonly DrawnToken[]>();
  for (const { change, before: was, after } of diff.deltas) {
    if (change === "removed") removed.set(after.from, before.slice(was.from, was.to));
    else for (let at = after.from; at < after.to; at += 1) changes.set(at, change);
  }
  const stops = [...new Set(diff.deltas.map(({ after }) => after.from))].sort((a, b) => a - b);
  return { changes, removed, stops };
}

/** The place of the change behind (or before) a token, going round; undefined without changes. */
export function nextStop(stops: readonly number[], from: number, step: 1 | -1): number | undefined {
  if (stops.length === 0) return undefined;
  if (step === 1) return stops.find((stop) => stop > from) ?? stops[0];
  return stops.filter((stop) => stop < from).at(-1) ?? stops.at(-1);
}
