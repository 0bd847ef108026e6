import { describe, expect, test } from "vitest";
import { diffSequences, type Hunk } from "#shared/text/diff/sequence.ts";
import { diffTokens, type DiffedTokens } from "#shared/text/diff/tokens.ts";
import { IGNORE } from "#shared/text/types.ts";

/** A small generator, so that a failure can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
const numbers = (next: (below: number) => number, length: number, kinds: number): number[] =>
  Array.from({ length }, () => next(kinds));

function applied(before: readonly number[], after: readonly number[], hunks: readonly Hunk[]): number[] {
  const result: number[] = [];
  let at = 0;
  for (const { aStart, aEnd, bStart, bEnd } of hunks) {
    result.push(...before.slice(at, aStart), ...after.slice(bStart, bEnd));
    at = aEnd;
  }
  return [...result, ...before.slice(at)];
}

/** Length of the longest common subsequence, by the table that everybody knows. */
function commonLength(a: readonly number[], b: readonly number[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const x of a) {
    const next = [0];
    b.forEach((y, j) => next.push(x === y ? (row[j] ?? 0) + 1 : Math.max(row[j + 1] ?? 0, next[j] ?? 0)));
    row = next;
  }
  return row.at(-1) ?? 0;
}

const cost = (hunks: readonly Hunk[]): number =>
  hunks.reduce((sum, { aStart, aEnd, bStart, bEnd }) => sum + aEnd - aStart + bEnd - bStart, 0);

describe("diffSequences", () => {
  test("gives the after from the before, and is shortest", () => {
    const next = random(1);
    for (let round = 0; round < 300; round++) {
      const before = numbers(next, next(30), 4);
      const after = next(3) === 0 ? before.flatMap((x) => (next(5) === 0 ? [] : [x])) : numbers(next, next(30), 4);
      const hunks = diffSequences(before, after);
      expect(applied(before, after, hunks)).toEqual(after);
      expect(cost(hunks)).toBe(before.length + after.length - 2 * commonLength(before, after));
    }
  });

  test("hunks are in order and never touch", () => {
    const next = random(2);
    for (let round = 0; round < 100; round++) {
      const hunks = diffSequences(numbers(next, 40, 3), numbers(next, 40, 3));
      hunks.slice(1).forEach((hunk, i) => {
        expect(hunk.aStart).toBeGreaterThanOrEqual(hunks[i]?.aEnd ?? 0);
        expect(hunk.aStart > (hunks[i]?.aEnd ?? 0) || hunk.bStart > (hunks[i]?.bEnd ?? 0)).toBe(true);
      });
    }
  });

  test("stays right where the distance is over the bound", () => {
    const next = random(3);
    const before = numbers(next, 3000, 5000);
    const after = before.flatMap((x, i) => (i % 10 === 0 ? [next(5000), next(5000)] : [x]));
    const hunks = diffSequences(before, after, 50);
    expect(applied(before, after, hunks)).toEqual(after);
    expect(cost(hunks)).toBeLessThan(1200);
  });

  test("two long strangers are one replacement, at once", () => {
    const before = Array.from({ length: 20_000 }, (_, i) => i);
    const after = Array.from({ length: 20_000 }, (_, i) => -1 - i);
    expect(diffSequences(before, after)).toEqual([{ aStart: 0, aEnd: 20_000, bStart: 0, bEnd: 20_000 }]);
  });
});

describe("diffTokens", () => {
  const row = (ids: number[], trained: number[], weight = 1): DiffedTokens => ({
    ids,
    labels: ids.map((id, i) => (trained.includes(i) ? id : IGNORE)),
    weights: ids.map((_, i) => (trained.includes(i) ? weight : 0)),
  });

  test("says what came, what went and what is trained now", () => {
    const diff = diffTokens(row([1, 2, 3, 4, 5], [3, 4]), row([1, 9, 3, 4, 5], [2, 3, 4]));
    expect(diff.deltas).toEqual([
      { change: "removed", before: { from: 1, to: 2 }, after: { from: 1, to: 1 } },
      { change: "inserted", before: { from: 2, to: 2 }, after: { from: 1, to: 2 } },
      { change: "label", before: { from: 2, to: 3 }, after: { from: 2, to: 3 } },
    ]);
    expect(diff.counts).toEqual({ inserted: 1, removed: 1, label: 1, weight: 0 });
    expect(diff.unchanged).toBe(3);
  });

  test("a weight that changes where a token stays trained", () => {
    const diff = diffTokens(row([1, 2, 3], [1, 2]), row([1, 2, 3], [1, 2], 0.5));
    expect(diff.deltas).toEqual([{ change: "weight", before: { from: 1, to: 3 }, after: { from: 1, to: 3 } }]);
  });

  test("equal rows have no delta", () => {
    expect(diffTokens(row([1, 2], [1]), row([1, 2], [1]))).toEqual({
      deltas: [],
      counts: { inserted: 0, removed: 0, label: 0, weight: 0 },
      unchanged: 2,
    });
  });
});
