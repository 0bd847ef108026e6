import { float, int, type Engine, type HostTensor } from "#worker/engines/engine.ts";
import type { GraphBuilder } from "#worker/graph/builder.ts";
import type { Op, OpKind, ValueId } from "#worker/graph/ops.ts";
import { causalChunks } from "#worker/models/layout.ts";
import { randomValues } from "../engine/random.ts";

/** One use of an operation, large enough for the engine to share it among threads. */
export interface OpCase {
  readonly op: Op;
  readonly inputs: readonly (HostTensor | Bytes)[];
}
/** A quantised weight, which an engine holds as a buffer. */
interface Bytes {
  readonly dtype: "u8";
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const [ROWS, WIDTH, VOCABULARY] = [768, 256, 512];
let seed = 1;
const values = (...shape: number[]): HostTensor =>
  float(
    randomValues(
      shape.reduce((a, b) => a * b, 1),
      seed++,
    ),
    shape,
  );
const positive = (...shape: number[]): HostTensor => {
  const { data } = values(...shape);
  return float(
    Float32Array.from(data, (x) => Math.abs(x) + 0.1),
    shape,
  );
};
/** Few different numbers: every one of them comes many times. */
const repeated = (count: number, below: number): HostTensor =>
  int(Int32Array.from({ length: count }, (_, i) => (i * i) % below));

const [HEADS, KV_HEADS, HEAD] = [4, 2, 32];
const attention = { heads: HEADS, kvHeads: KV_HEADS, scale: 0.2 };
const limits = int(Int32Array.from({ length: ROWS }, (_, i) => i));
const chunkValues = causalChunks(0, ROWS);
const chunks = int(chunkValues, [chunkValues.length / 4, 4]);
const queries = (): HostTensor => values(ROWS, HEADS * HEAD);
const keys = (): HostTensor => values(ROWS, KV_HEADS * HEAD);
const loss = (): HostTensor[] => [values(ROWS, WIDTH), values(VOCABULARY, WIDTH), repeated(ROWS, 37), positive(ROWS)];
const x = (): HostTensor => values(ROWS, WIDTH);
const use = (op: Op, ...inputs: (HostTensor | Bytes)[]): OpCase => ({ op, inputs });

const quantized = { bits: 4, block: 32 } as const;
const packedWeight = (): Bytes => {
  const shape = [VOCABULARY, WIDTH / 32, 16];
  return { dtype: "u8", shape, bytes: Uint8Array.from({ length: (VOCABULARY * WIDTH) / 2 }, (_, i) => (i * 37) % 251) };
};
const scales = (): HostTensor => positive(VOCABULARY, WIDTH / 32);

/** Every operation that a graph may hold; a new one is a compile error until it is here. */
export const OP_CASES: { readonly [K in OpKind]: () => OpCase } = {
  constant: () => use({ kind: "constant", type: { dtype: "f32", shape: [4] }, values: [1, 2, 3, 4] }),
  add: () => use({ kind: "add" }, x(), values(WIDTH)),
  sub: () => use({ kind: "sub" }, x(), values(WIDTH)),
  mul: () => use({ kind: "mul" }, x(), values(WIDTH)),
  div: () => use({ kind: "div" }, x(), positive(WIDTH)),
  minimum: () => use({ kind: "minimum" }, x(), values(WIDTH)),
  less: () => use({ kind: "less" }, x(), values(WIDTH)),
  affine: () => use({ kind: "affine", scale: 1.7, shift: 0.3 }, x()),
  sqrt: () => use({ kind: "sqrt" }, positive(ROWS, WIDTH)),
  cos: () => use({ kind: "cos" }, x()),
  sin: () => use({ kind: "sin" }, x()),
  sigmoid: () => use({ kind: "sigmoid" }, x()),
  toFloat: () => use({ kind: "toFloat" }, repeated(ROWS, 37)),
  sum: () => use({ kind: "sum", axes: [0], keep: false }, x()),
  squareSum: () => use({ kind: "squareSum", axes: [1] }, x()),
  broadcastLike: () => use({ kind: "broadcastLike" }, values(WIDTH), x()),
  after: () => use({ kind: "after" }, x(), values(1)),
  detach: () => use({ kind: "detach" }, x()),
  fillLike: () => use({ kind: "fillLike", value: 0.5 }, x()),
  reshape: () => use({ kind: "reshape", shape: [WIDTH, ROWS] }, x()),
  concat: () => use({ kind: "concat", axis: 0, dim: 2 * ROWS }, x(), x()),
  slice: () => use({ kind: "slice", axis: 1, start: 16, end: 200 }, x()),
  gatherRows: () => use({ kind: "gatherRows" }, values(VOCABULARY, WIDTH), repeated(ROWS, 37)),
  scatterAddRows: () => use({ kind: "scatterAddRows" }, values(VOCABULARY, WIDTH), repeated(ROWS, 37), x()),
  gemm: () => use({ kind: "gemm", transA: true, transB: false, alpha: 0.7 }, x(), values(ROWS, 96), values(WIDTH, 96)),
  quantizedGemm: () => use({ kind: "quantizedGemm", ...quantized }, x(), packedWeight(), scales()),
  dequantize: () => use({ kind: "dequantize", ...quantized }, packedWeight(), scales()),
  rmsNorm: () => use({ kind: "rmsNorm", epsilon: 1e-6 }, x(), values(WIDTH)),
  rotate: () => use({ kind: "rotate", heads: HEADS }, values(ROWS, HEADS * HEAD), values(ROWS, 16), values(ROWS, 16)),
  gatedSilu: () => use({ kind: "gatedSilu" }, x(), x()),
  gatedSiluGrad: () => use({ kind: "gatedSiluGrad" }, x(), x(), x()),
  attention: () => use({ kind: "attention", ...attention }, queries(), keys(), keys(), limits, chunks),
  attentionGrad: () =>
    use({ kind: "attentionGrad", ...attention }, queries(), keys(), keys(), limits, chunks, queries(), queries()),
  crossEntropy: () => use({ kind: "crossEntropy", chunk: 100 }, ...loss()),
  crossEntropyGrad: () =>
    use({ kind: "crossEntropyGrad", chunk: 100, table: true }, ...loss(), values(VOCABULARY, WIDTH)),
  dropoutMask: () => use({ kind: "dropoutMask", rate: 0.3, stream: 2 }, int(Int32Array.of(7, 9)), x()),
};

/** A graph of the one operation, all of its outputs; what is fed to it. Bytes are put into the engine. */
export function buildCase(b: GraphBuilder, engine: Engine, { op, inputs }: OpCase): Record<string, HostTensor> {
  const feeds: Record<string, HostTensor> = {};
  const fed: ValueId[] = inputs.map((input, i) => {
    const name = `x${i}`;
    if (!("bytes" in input)) {
      feeds[name] = input;
      return b.feed(name, { dtype: input.dtype, shape: input.shape });
    }
    engine.allocate(name, input.shape, "u8");
    engine.loadBytes(name, (target) => target.set(input.bytes));
    return b.buffer(name, input.shape, "u8");
  });
  b.emit(op, fed).forEach((value, i) => b.output(`y${i}`, value));
  return feeds;
}
