/**
 * Seeded streams of random numbers. A stream belongs to one purpose (a parameter's name), so that adding another one
 * moves nothing. Generator: sfc32 (Doty-Humphrey, PractRand), seeded by FNV-1a of the name.
 */
export class RandomStream {
  readonly #state: Uint32Array;
  #spare: number | undefined;

  constructor(seed: number, name: string) {
    let hash = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    this.#state = Uint32Array.of(hash, seed, Math.floor(seed / 2 ** 32), 1);
    for (let i = 0; i < 16; i++) this.#next();
  }

  #next(): number {
    const [a = 0, b = 0, c = 0, counter = 0] = this.#state;
    const sum = (a + b + counter) >>> 0;
    this.#state.set([b ^ (b >>> 9), c + (c << 3), ((c << 21) | (c >>> 11)) + sum, counter + 1]);
    return sum;
  }

  /** Uniform in [0, 1), 32 bits. */
  uniform(): number {
    return this.#next() / 2 ** 32;
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  fillNormal(target: Float32Array, deviation: number): void {
    for (let i = 0; i < target.length; i++) target[i] = deviation * this.normal();
  }

  fillUniform(target: Float32Array, bound: number): void {
    for (let i = 0; i < target.length; i++) target[i] = bound * (2 * this.uniform() - 1);
  }
}
