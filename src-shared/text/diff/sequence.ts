/**
 * The shortest edit script between two sequences of numbers (E. W. Myers, An O(ND) Difference Algorithm, 1986), with a bound
 * on its cost: where the distance is larger than `maxDistance`, the sequences are first cut at stretches that stand exactly
 * once in both, and what is still too far apart between two cuts is told as one replacement.
 */

/** `before[aStart…aEnd)` became `after[bStart…bEnd)`; at least one of the two is not empty. Everything between hunks is equal. */
export interface Hunk {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

type Numbers = ArrayLike<number>;

/** Insertions and deletions looked for at most: the trace of the search takes the square of it, 4 MB here. */
export const MAX_DISTANCE = 1000;
/** Length of the stretches that cut sequences which are far apart. */
const ANCHOR = 8;

/** Where two sequences differ, in order; hunks never touch. */
export function diffSequences(before: Numbers, after: Numbers, maxDistance: number = MAX_DISTANCE): Hunk[] {
  const whole: Hunk = { aStart: 0, aEnd: before.length, bStart: 0, bEnd: after.length };
  const middle = trimmed(before, after, whole);
  if (!middle) return [];
  const exact = myers(before, after, { ...middle, maxDistance });
  if (exact) return joined(exact);
  const gaps = gapsBetween(anchors(before, after, middle), middle);
  return joined(
    gaps.flatMap((gap) => {
      const rest = trimmed(before, after, gap);
      return rest ? (myers(before, after, { ...rest, maxDistance }) ?? [rest]) : [];
    }),
  );
}

/** Without the common beginning and end; undefined where nothing is left. */
function trimmed(before: Numbers, after: Numbers, range: Hunk): Hunk | undefined {
  let { aStart, aEnd, bStart, bEnd } = range;
  while (aStart < aEnd && bStart < bEnd && before[aStart] === after[bStart]) {
    aStart++;
    bStart++;
  }
  while (aStart < aEnd && bStart < bEnd && before[aEnd - 1] === after[bEnd - 1]) {
    aEnd--;
    bEnd--;
  }
  return aStart === aEnd && bStart === bEnd ? undefined : { aStart, aEnd, bStart, bEnd };
}

/** Hunks of a range, or undefined where they take more than `maxDistance` insertions and deletions. */
function myers(before: Numbers, after: Numbers, range: Hunk & { maxDistance: number }): Hunk[] | undefined {
  const { aStart, bStart } = range;
  const n = range.aEnd - aStart;
  const m = range.bEnd - bStart;
  if (n === 0 || m === 0) return [range];
  const limit = Math.min(range.maxDistance, n + m);
  // furthest[k + limit + 1]: how far into `before` a path on diagonal k = x - y has come
  const furthest = new Int32Array(2 * limit + 3);
  const trace: Int32Array[] = [];
  for (let distance = 0; distance <= limit; distance++) {
    trace.push(furthest.slice(limit + 1 - distance, limit + 2 + distance));
    for (let k = -distance; k <= distance; k += 2) {
      const at = k + limit + 1;
      const down = k === -distance || (k !== distance && (furthest[at - 1] ?? 0) < (furthest[at + 1] ?? 0));
      let x = down ? (furthest[at + 1] ?? 0) : (furthest[at - 1] ?? 0) + 1;
      while (x < n && x - k < m && before[aStart + x] === after[bStart + x - k]) x++;
      furthest[at] = x;
      if (x >= n && x - k >= m) return pathBack(trace, { n, m, aStart, bStart });
    }
  }
  return undefined;
}

/** The path through the trace of furthest points, backwards; each step is a hunk of one number. */
function pathBack(
  trace: readonly Int32Array[],
  size: { n: number; m: number; aStart: number; bStart: number },
): Hunk[] {
  const steps: Hunk[] = [];
  let x = size.n;
  let y = size.m;
  for (let distance = trace.length - 1; distance > 0; distance--) {
    const row = trace[distance];
    // the row of a distance holds the state before its steps: diagonal k is at k + distance
    const reached = (k: number): number => row?.[k + distance] ?? 0;
    const k = x - y;
    const down = k === -distance || (k !== distance && reached(k - 1) < reached(k + 1));
    const from = down ? k + 1 : k - 1;
    const fromX = reached(from);
    const [a, b] = [size.aStart + fromX, size.bStart + fromX - from];
    steps.push({ aStart: a, aEnd: down ? a : a + 1, bStart: b, bEnd: down ? b + 1 : b });
    x = fromX;
    y = fromX - from;
  }
  return steps.reverse();
}

/** Stretches of ANCHOR numbers that stand once in each, in the same order in both (patience). */
function anchors(before: Numbers, after: Numbers, range: Hunk): { a: number; b: number }[] {
  const inBefore = uniqueStretches(before, range.aStart, range.aEnd);
  const inAfter = uniqueStretches(after, range.bStart, range.bEnd);
  const pairs: { a: number; b: number }[] = [];
  for (const [key, a] of inBefore) {
    const b = inAfter.get(key);
    if (a >= 0 && b !== undefined && b >= 0) pairs.push({ a, b });
  }
  return longestAscending(pairs.sort((one, other) => one.a - other.a));
}

/** Start of each stretch that stands once in the range; -1 for those that stand more often. */
function uniqueStretches(numbers: Numbers, start: number, end: number): Map<string, number> {
  const found = new Map<string, number>();
  for (let at = start; at + ANCHOR <= end; at++) {
    let key = "";
    for (let i = 0; i < ANCHOR; i++) key += `${numbers[at + i] ?? 0},`;
    found.set(key, found.has(key) ? -1 : at);
  }
  return found;
}

/** The longest chain in which `b` goes up with `a` (patience sorting). */
function longestAscending(pairs: readonly { a: number; b: number }[]): { a: number; b: number }[] {
  const tops: number[] = [];
  const previous = new Int32Array(pairs.length).fill(-1);
  pairs.forEach((pair, i) => {
    let low = 0;
    let high = tops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[tops[middle] ?? 0]?.b ?? 0) < pair.b) low = middle + 1;
      else high = middle;
    }
    previous[i] = tops[low - 1] ?? -1;
    tops[low] = i;
  });
  const chain: { a: number; b: number }[] = [];
  for (let at = tops.at(-1) ?? -1; at >= 0; at = previous[at] ?? -1) {
    const pair = pairs[at];
    if (pair) chain.push(pair);
  }
  return chain.reverse();
}

/** What lies between the anchors of a range, and before the first and behind the last. */
function gapsBetween(found: readonly { a: number; b: number }[], range: Hunk): Hunk[] {
  const gaps: Hunk[] = [];
  let [a, b] = [range.aStart, range.bStart];
  for (const anchor of found) {
    if (anchor.a < a || anchor.b < b) continue;
    gaps.push({ aStart: a, aEnd: anchor.a, bStart: b, bEnd: anchor.b });
    [a, b] = [anchor.a + ANCHOR, anchor.b + ANCHOR];
  }
  gaps.push({ aStart: a, aEnd: range.aEnd, bStart: b, bEnd: range.bEnd });
  return gaps;
}

/** Hunks that touch in both sequences are one. */
function joined(hunks: readonly Hunk[]): Hunk[] {
  const result: Hunk[] = [];
  for (const hunk of hunks) {
    const last = result.at(-1);
    if (last?.aEnd === hunk.aStart && last.bEnd === hunk.bStart) {
      result[result.length - 1] = { ...last, aEnd: hunk.aEnd, bEnd: hunk.bEnd };
    } else result.push({ aStart: hunk.aStart, aEnd: hunk.aEnd, bStart: hunk.bStart, bEnd: hunk.bEnd });
  }
  return result;
}
