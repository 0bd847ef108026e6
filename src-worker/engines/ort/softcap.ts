import type { Emitter } from "./emitter.ts";

export interface Capped {
  readonly capped: string;
  /** Emits 1 − (capped / softcap)², the derivative; absent where nothing is capped. */
  readonly slope: (() => string) | undefined;
}

/** softcap · tanh(x / softcap), or x itself without a cap (Gemma 2, arXiv 2408.00118). */
export function softcap(e: Emitter, x: string, cap: number | undefined): Capped {
  if (cap === undefined) return { capped: x, slope: undefined };
  const tanh = e.node("Tanh", [e.node("Mul", [x, e.float(1 / cap)])]);
  const slope = (): string => e.node("Sub", [e.float(1), e.node("Mul", [tanh, tanh])]);
  return { capped: e.node("Mul", [tanh, e.float(cap)]), slope };
}
