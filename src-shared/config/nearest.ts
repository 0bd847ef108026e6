/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replace = at(last, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swap = swapped ? at(beforeLast, j - 2) + 1 : Infinity;
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, replace, swap));
    }
    beforeLast = last;
    last = row;
  }
  return at(last, to.length);
}

/** The candidate with the fewest edits; one that contains the whole name comes first. Undefined only for an empty list. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const wanted = name.toLowerCase().replaceAll("-", "_");
  const score = (candidate: string) =>
    wanted.length >= 4 && candidate.includes(wanted) ? 1 : editDistance(wanted, candidate);
  return [...candidates].sort((a, b) => score(a) - score(b))[0];
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;
