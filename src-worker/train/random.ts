/** A source of numbers in [0, 1) that depends on nothing but its seed and name. */
export type RandomStream = () => number;

/**
 * Separate streams by name ("order", 3), so that drawing from one never moves another: evaluation or dropout leave the data
 * order alone, and any position is reached again from seed and names, without stored state.
 * Generator: xoshiro128** (Blackman, Vigna 2018), seeded through SplitMix32.
 */
export function randomStream(seed: number, ...names: readonly (string | number)[]): RandomStream {
  let mix = hashText(`${seed}/${names.join("/")}`);
  const seedWord = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
  let [a, b, c, d] = [seedWord(), seedWord(), seedWord(), seedWord() | 1];
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return (result >>> 0) / 2 ** 32;
  };
}

/** A whole number that seeds another generator for one purpose, below 2^31. */
export function randomSeed(seed: number, ...names: readonly (string | number)[]): number {
  return Math.floor(randomStream(seed, ...names)() * 2 ** 31);
}

/** Fisher–Yates: a new array in random order. */
export function shuffled<T>(items: readonly T[], random: RandomStream): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [x, y] = [order[i], order[j]];
    if (x !== undefined && y !== undefined) [order[i], order[j]] = [y, x];
  }
  return order;
}

const rotateLeft = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

/** FNV-1a over UTF-16 code units. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
