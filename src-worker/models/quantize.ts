import type { Quantized } from "#worker/graph/ops.ts";
import type { DecoderConfig } from "./config.ts";
import type { LinearModule } from "./parameters.ts";

/**
 * Weights of frozen linear layers in blocks along their inputs, each with a scale: W = scale · (q − 2^(bits − 1)). The value
 * of largest size gets the lowest number, which one side has more of than the other (as llama.cpp's Q4_0 does).
 */

export type QuantizedFormat = Quantized;

/** Smaller blocks are nearer to the weights and take more room; MatMulNBits wants a power of two from 16. */
const BLOCKS = [32, 16];

/** How a layer's weight is kept; undefined where it stays float32: its inputs do not divide into blocks, or the model is not quantised. */
export function formatOf({ quantized: bits }: DecoderConfig, { inputs }: LinearModule): QuantizedFormat | undefined {
  const block = BLOCKS.find((size) => inputs % size === 0);
  return bits === undefined || block === undefined ? undefined : { bits, block };
}

/** Buffers that take the place of a layer's weight. */
export interface QuantizedNames {
  /** u8 [outputs, inputs / block, block · bits / 8] */
  readonly q: string;
  /** [outputs, inputs / block] */
  readonly scales: string;
  /** [outputs], ‖row‖² of the dequantised weight; DoRA needs it */
  readonly rowSquares: string;
}

export const quantizedNames = (module: LinearModule): QuantizedNames => ({
  q: `quantized/${module.name}.weight`,
  scales: `scales/${module.name}.weight`,
  rowSquares: `row_squares/${module.name}.weight`,
});

export interface QuantizedWeight {
  readonly q: Uint8Array;
  readonly scales: Float32Array;
  readonly rowSquares: Float32Array;
}

/** Where the `index`-th value of block `block` stands in its row; see `Quantized` in graph/ops.ts. */
type Column = (block: number, index: number) => number;

const columns = (format: Quantized, inputs: number): Column => {
  const { bits, block: size } = format;
  if (bits === 8) return (block, index) => block * size + index;
  return (block, index) => (index & 1) * (inputs / 2) + (block * size) / 2 + (index >> 1);
};

/** What `values` [outputs, inputs] would be after quantisation, in their place. */
export function roundTrip(values: Float32Array, { inputs, outputs }: LinearModule, format: QuantizedFormat): void {
  const q = new Uint8Array((outputs * inputs * format.bits) / 8);
  const scales = new Float32Array((outputs * inputs) / format.block);
  quantize(values, { q, scales, rowSquares: new Float32Array(outputs) }, format);
}

/** Quantises `values` [outputs, inputs] into `target`; `values` become the dequantised ones. */
export function quantize(values: Float32Array, target: QuantizedWeight, format: Quantized): void {
  const { bits, block: size } = format;
  const blocks = target.scales.length / target.rowSquares.length;
  const inputs = blocks * size;
  const at = columns(format, inputs);
  const places = Int32Array.from({ length: inputs }, (_, i) => at(Math.floor(i / size), i % size));
  const zero = 2 ** (bits - 1);
  target.q.fill(0);
  for (let row = 0; row < target.rowSquares.length; row++) {
    const line = values.subarray(row * inputs, (row + 1) * inputs);
    let squares = 0;
    for (let block = 0; block < blocks; block++) {
      const own = places.subarray(block * size, (block + 1) * size);
      const scale = Math.fround(largest(line, own) / -zero);
      target.scales[row * blocks + block] = scale;
      for (let i = 0; i < size; i++) {
        const place = own[i] ?? 0;
        const steps = scale === 0 ? 0 : Math.round((line[place] ?? 0) / scale);
        const q = Math.min(Math.max(steps, -zero), zero - 1);
        const value = Math.fround(q * scale);
        line[place] = value;
        squares += value * value;
        const index = (row * blocks + block) * size + i;
        if (bits === 8) target.q[index] = q + zero;
        else target.q[index >> 1] = (target.q[index >> 1] ?? 0) | ((q + zero) << (4 * (index & 1)));
      }
    }
    target.rowSquares[row] = squares;
  }
}

/** The value of largest size among some places of a row, with its sign. */
function largest(line: Float32Array, places: Int32Array): number {
  let most = 0;
  for (const place of places) {
    const value = line[place] ?? 0;
    if (Math.abs(value) > Math.abs(most)) most = value;
  }
  return most;
}
