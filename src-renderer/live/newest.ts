/** A tokenizer takes some 200 MB at most; a page looks at one model, or compares two. Page and worker forget alike. */
export const MAX_TOKENIZERS = 2;

/** Puts an entry last and drops the oldest beyond `most`. */
export function keepNewest<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of [...map.keys()].slice(0, Math.max(0, map.size - most))) map.delete(oldest);
}
