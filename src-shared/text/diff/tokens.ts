import { IGNORE } from "../types.ts";
import { diffSequences } from "./sequence.ts";

/** The columns of an encoded row that a comparison reads, all of one length. */
export interface DiffedTokens {
  readonly ids: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}

/** What became of tokens: others came or went, or the same ids are now (not) trained, or count more or less. */
export const TOKEN_CHANGES = ["inserted", "removed", "label", "weight"] as const;
export type TokenChange = (typeof TOKEN_CHANGES)[number];

/** A stretch of tokens with one change. `inserted` has none before, `removed` none after, the other two as many on both sides. */
export interface TokenDelta {
  readonly change: TokenChange;
  readonly before: { readonly from: number; readonly to: number };
  readonly after: { readonly from: number; readonly to: number };
}

/** Two encodings of a row, compared. */
export interface TokenDiff {
  /** In the order of `after`; removed tokens stand before those that replace them. */
  readonly deltas: readonly TokenDelta[];
  /** Tokens by change. */
  readonly counts: Readonly<Record<TokenChange, number>>;
  readonly unchanged: number;
}

/** Exactly which tokens change from one encoding of a row to another. Aligned on ids, then label and weight are compared. */
export function diffTokens(before: DiffedTokens, after: DiffedTokens): TokenDiff {
  const deltas: TokenDelta[] = [];
  const end = { aStart: before.ids.length, aEnd: before.ids.length, bStart: after.ids.length, bEnd: after.ids.length };
  let [a, b] = [0, 0];
  for (const hunk of [...diffSequences(before.ids, after.ids), end]) {
    compareEqual({ before, after }, { a, b, length: hunk.aStart - a }, deltas);
    const [gone, come] = [
      { from: hunk.aStart, to: hunk.aEnd },
      { from: hunk.bStart, to: hunk.bEnd },
    ];
    if (gone.to > gone.from)
      deltas.push({ change: "removed", before: gone, after: { from: come.from, to: come.from } });
    if (come.to > come.from) deltas.push({ change: "inserted", before: { from: gone.to, to: gone.to }, after: come });
    [a, b] = [hunk.aEnd, hunk.bEnd];
  }
  const counts = { inserted: 0, removed: 0, label: 0, weight: 0 };
  for (const delta of deltas) counts[delta.change] += sizeOf(delta);
  return { deltas, counts, unchanged: after.ids.length - counts.inserted - counts.label - counts.weight };
}

const sizeOf = ({ change, before, after }: TokenDelta): number =>
  change === "removed" ? before.to - before.from : after.to - after.from;

/** Labels and weights of a stretch whose ids are the same in both. */
function compareEqual(
  { before, after }: { before: DiffedTokens; after: DiffedTokens },
  at: { a: number; b: number; length: number },
  deltas: TokenDelta[],
): void {
  let open: { change: TokenChange; from: number } | undefined;
  const close = (to: number): void => {
    if (!open) return;
    const { change, from } = open;
    const range = (start: number): { from: number; to: number } => ({ from: start + from, to: start + to });
    deltas.push({ change, before: range(at.a), after: range(at.b) });
    open = undefined;
  };
  for (let i = 0; i < at.length; i++) {
    const change = changeAt(before, after, at.a + i, at.b + i);
    if (change !== open?.change) {
      close(i);
      if (change) open = { change, from: i };
    }
  }
  close(at.length);
}

function changeAt(before: DiffedTokens, after: DiffedTokens, a: number, b: number): TokenChange | undefined {
  const [was, is] = [before.labels[a] !== IGNORE, after.labels[b] !== IGNORE];
  if (was !== is) return "label";
  return was && before.weights[a] !== after.weights[b] ? "weight" : undefined;
}
