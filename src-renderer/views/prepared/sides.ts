import type { TokenView } from "#shared/contract/text.ts";
import { diffTokens, type TokenChange } from "#shared/text/diff/tokens.ts";

/** What differs on each side of a comparison, by token. */
export interface Sides {
  readonly theirs: ReadonlyMap<number, TokenChange>;
  readonly sift: ReadonlyMap<number, TokenChange>;
}

/** Their row against Sift's. The first token of a document is never scored, so that its label says nothing. */
export function sidesOf(theirs: TokenView, sift: TokenView): Sides {
  const before = new Map<number, TokenChange>();
  const after = new Map<number, TokenChange>();
  for (const { change, before: was, after: is } of diffTokens(withoutFirst(theirs), withoutFirst(sift)).deltas) {
    for (let at = was.from; at < was.to; at += 1) before.set(at, change);
    for (let at = is.from; at < is.to; at += 1) after.set(at, change);
  }
  return { theirs: before, sift: after };
}

const withoutFirst = ({ ids, labels, weights }: TokenView) => ({ ids, labels: [-100, ...labels.slice(1)], weights });

/** The next token that differs behind `from`, going round; -1 where none does. */
export function nextChange(changes: ReadonlyMap<number, TokenChange>, from: number): number {
  const places = [...changes.keys()].filter((at) => changes.get(at - 1) !== changes.get(at)).sort((a, b) => a - b);
  return places.find((at) => at > from) ?? places[0] ?? -1;
}
