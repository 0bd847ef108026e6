import { createHash } from "node:crypto";
import { contentOfIdentity } from "../data/hash.ts";

/**
 * Chooses the held-out rows: those with the smallest hash of seed and content, `round(fraction × rows)` of them, one at
 * least. A row's place depends on its content only, so that order, resuming and other rows do not move it, and equal rows
 * fall on the same side.
 * @returns the identities that are held out
 */
export function holdOut(rowIds: readonly string[], options: { fraction: number; seed: number }): Set<string> {
  const { fraction, seed } = options;
  if (fraction <= 0 || rowIds.length < 2) return new Set();
  const wanted = Math.max(1, Math.round(fraction * rowIds.length));
  const places = new Map<string, number>();
  for (const rowId of rowIds) {
    const content = contentOfIdentity(rowId);
    if (!places.has(content)) places.set(content, placeOf(content, seed));
  }
  const ordered = [...rowIds].sort((a, b) => placeIn(places, a) - placeIn(places, b));
  const last = placeIn(places, ordered[wanted - 1] ?? "");
  const held = ordered.filter((rowId) => placeIn(places, rowId) <= last);
  return new Set(held.length < rowIds.length ? held : []); // all rows equal: nothing can be held out
}

const placeIn = (places: ReadonlyMap<string, number>, rowId: string): number =>
  places.get(contentOfIdentity(rowId)) ?? 1;

/** Uniform in [0, 1): the first 48 bits of a hash. */
const placeOf = (content: string, seed: number): number =>
  createHash("sha256").update(`${seed}:${content}`).digest().readUIntBE(0, 6) / 2 ** 48;
