import type { Quantized, TensorType } from "#worker/graph/ops.ts";
import type { Emitter } from "./emitter.ts";

interface Sizes extends Quantized {
  readonly outputs: number;
  readonly inputs: number;
}

/** Of a weight u8 [outputs, inputs / block, …]. */
export function sizesOf({ bits, block }: Quantized, { shape }: TensorType): Sizes {
  return { bits, block, outputs: Number(shape[0]), inputs: Number(shape[1]) * block };
}

interface Weight {
  readonly q: string;
  readonly scales: string;
}

/** onnxruntime's MatMulNBits: exact products with the dequantised weight, which it makes for the one product. */
export function emitQuantizedGemm(e: Emitter, { x, q, scales }: Weight & { x: string }, sizes: Sizes): string {
  const { bits, block, inputs, outputs } = sizes;
  return e.microsoft("MatMulNBits", [bits === 4 ? pairHalves(e, x, inputs) : x, q, scales], {
    K: { int: inputs },
    N: { int: outputs },
    bits: { int: bits },
    block_size: { int: block },
  });
}

/** Columns in the order in which 4-bit weights lie: 0, k / 2, 1, k / 2 + 1, … */
const pairHalves = (e: Emitter, x: string, columns: number): string =>
  e.reshape(e.transpose(e.reshape(x, -1, 2, columns / 2), 0, 2, 1), -1, columns);

/** W [outputs, inputs]; a cast and a product take a third of the time of DequantizeLinear. */
export function emitDequantize(e: Emitter, { q, scales }: Weight, sizes: Sizes): string {
  const { bits, inputs, outputs } = sizes;
  const scale = e.reshape(scales, outputs, -1, 1);
  const byte = (value: number): string => e.tensor({ type: "uint8", dims: [], values: [value] });
  const part = (bytes: string): string => {
    const centred = e.node("Sub", [e.cast(bytes, "float"), e.float(2 ** (bits - 1))]);
    const size = bits === 4 ? inputs / 2 : inputs;
    return e.reshape(e.node("Mul", [centred, scale]), outputs, size);
  };
  if (bits === 8) return part(q);
  const low = e.node("BitwiseAnd", [q, byte(15)]);
  const high = e.node("BitShift", [q, byte(4)], { direction: { string: "RIGHT" } });
  return e.node("Concat", [part(low), part(high)], { axis: { int: 1 } });
}
