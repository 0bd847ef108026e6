import type { Emitter } from "./emitter.ts";

/** 2³¹ − 1: products of two residues fit int64. */
const PRIME = 2147483647;

interface DropoutOptions {
  /** [2] int32 */
  readonly seed: string;
  readonly like: string;
  readonly rate: number;
  readonly stream: number;
}

/**
 * A mask that depends on seed, stream and element number only, so that a resumed run draws what the uninterrupted one
 * drew. Two squarings modulo a prime, each mixed with the value before it, break the lattice of a linear generator.
 */
export function emitDropoutMask(e: Emitter, options: DropoutOptions): string {
  const { seed, like } = options;
  const modulo = (x: string): string => e.node("Mod", [x, e.long(PRIME)]);
  const times = (a: string, b: string): string => e.node("Mul", [a, b]);
  const plus = (a: string, b: string): string => e.node("Add", [a, b]);
  const part = (index: number): string =>
    e.node("Gather", [e.cast(seed, "int64"), e.long(index)], { axis: { int: 0 } });
  const index = e.node("Range", [e.long(0), e.node("Size", [like]), e.long(1)]);
  const offset = plus(times(part(0), e.long(1103515245)), e.long((options.stream * 2654435) % PRIME));
  const first = modulo(plus(times(index, e.long(48271)), modulo(offset)));
  const second = modulo(plus(times(first, first), part(1)));
  const third = modulo(plus(times(second, e.long(69621)), first));
  const last = modulo(plus(times(third, third), second));
  const kept = e.node("GreaterOrEqual", [last, e.long(Math.round(options.rate * PRIME))]);
  const mask = times(e.cast(kept, "float"), e.float(1 / (1 - options.rate)));
  return e.node("Reshape", [mask, e.node("Shape", [like])]);
}
