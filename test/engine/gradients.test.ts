import { afterAll, describe, expect, test } from "vitest";
import { OrtEngine } from "#worker/engines/ort/engine.ts";
import { float, int, type HostTensor } from "#worker/engines/engine.ts";
import { GraphBuilder } from "#worker/graph/builder.ts";
import { gradients } from "#worker/graph/gradients.ts";
import type { LossShape, OpKind, TensorType, ValueId } from "#worker/graph/ops.ts";
import { randomValues } from "./random.ts";

/** Gradients of every operation, as the engine computes them, against central differences of its own forward pass. */

interface Input {
  readonly shape: readonly number[];
  /** Dimensions by name where the graph must not know the size. */
  readonly dims?: readonly (number | string)[];
  readonly values?: readonly number[];
  readonly dtype?: "i32";
  /** Inputs that are no function of what is trained. */
  readonly fixed?: true;
  /** Keeps values away from 0. */
  readonly positive?: true;
}

interface Case {
  readonly inputs: readonly Input[];
  readonly build: (b: GraphBuilder, x: readonly ValueId[]) => ValueId;
}

const rows = (shape: readonly number[], extra: Partial<Input> = {}): Input => ({
  shape,
  dims: ["rows", ...shape.slice(1)],
  ...extra,
});
const ints = (values: readonly number[], name: string): Input => ({
  shape: [values.length],
  dims: [name],
  values,
  dtype: "i32",
  fixed: true,
});
const first = (x: readonly ValueId[], index: number): ValueId => x[index] ?? -1;

const binary = (op: "add" | "sub" | "mul" | "div" | "minimum" | "less"): Case => ({
  inputs: [rows([3, 4]), { shape: [4], positive: true }],
  build: (b, x) => b[op](first(x, 0), first(x, 1)),
});
const unary = (build: (b: GraphBuilder, x: ValueId) => ValueId, input: Input = rows([3, 4])): Case => ({
  inputs: [input],
  build: (b, x) => build(b, first(x, 0)),
});

/** Two documents of 3 and 2 tokens; the second is split into two chunks of queries; 4 heads share 2 key heads. */
const attentionCase = (
  limits: readonly number[],
  chunks: readonly number[],
  extra: { window?: number; softcap?: number } = {},
): Case => ({
  inputs: [
    { shape: [limits.length, 8], dims: ["queries", 8] },
    { shape: [5, 4], dims: ["keys", 4] },
    { shape: [5, 4], dims: ["keys", 4] },
    ints(limits, "queries"),
    { shape: [chunks.length / 4, 4], dims: ["chunks", 4], values: chunks, dtype: "i32", fixed: true },
  ],
  build: (b, x) =>
    b.attention(
      { q: first(x, 0), k: first(x, 1), v: first(x, 2), limits: first(x, 3), chunks: first(x, 4) },
      { heads: 4, kvHeads: 2, scale: 0.7, ...extra },
    ),
});

const crossEntropyCase = (shape: LossShape): Case => ({
  inputs: [
    rows([5, 3]),
    { shape: [7, 3] },
    ints([2, 6, 0, 2, 5], "rows"),
    rows([5], { values: [0.3, 1, 0, 0.5, 2], fixed: true }),
  ],
  build: (b, x) =>
    b.crossEntropy({ hidden: first(x, 0), table: first(x, 1), labels: first(x, 2), weights: first(x, 3) }, shape),
});

const gemmCase = (transA: boolean, transB: boolean, bias: Input): Case => ({
  inputs: [transA ? { shape: [3, 5], dims: [3, "rows"] } : rows([5, 3]), { shape: transB ? [4, 3] : [3, 4] }, bias],
  build: (b, x) => b.gemm(first(x, 0), first(x, 1), { transA, transB, alpha: 0.7, c: first(x, 2) }),
});

/** Total: an operation without an entry does not compile. A text says why there is nothing to check. */
const CASES: { readonly [K in OpKind]: readonly Case[] | string } = {
  constant: "has no inputs",
  add: [binary("add")],
  sub: [binary("sub")],
  mul: [binary("mul")],
  div: [binary("div")],
  minimum: [binary("minimum")],
  less: "piecewise constant",
  affine: [unary((b, x) => b.affine(x, -2.5, 0.5))],
  sqrt: [unary((b, x) => b.sqrt(x), rows([3, 4], { positive: true }))],
  cos: [unary((b, x) => b.cos(x))],
  sin: [unary((b, x) => b.sin(x))],
  sigmoid: [unary((b, x) => b.sigmoid(x))],
  toFloat: "its input is a whole number",
  sum: [unary((b, x) => b.sum(x, [1], true)), unary((b, x) => b.sum(x, [0])), unary((b, x) => b.sum(x, [0, 1]))],
  squareSum: [unary((b, x) => b.squareSum(x, [1])), unary((b, x) => b.squareSum(x, [0, 1]))],
  broadcastLike: [
    {
      inputs: [{ shape: [1, 4] }, rows([3, 4], { fixed: true })],
      build: (b, x) => b.broadcastLike(first(x, 0), first(x, 1)),
    },
  ],
  after: [
    {
      inputs: [rows([3, 4]), rows([2, 2], { fixed: true, dims: [2, 2] })],
      build: (b, x) => b.after(first(x, 0), first(x, 1)),
    },
  ],
  detach: "nothing is differentiated through it",
  fillLike: "constant",
  reshape: [unary((b, x) => b.reshape(x, ["rows", 2, 2]))],
  concat: [{ inputs: [rows([3, 2]), rows([3, 3])], build: (b, x) => b.concat(x, 1, 5) }],
  slice: [unary((b, x) => b.slice(x, 1, [1, 3])), unary((b, x) => b.slice(x, 1, [0, 2]))],
  gatherRows: [
    {
      inputs: [{ shape: [4, 3] }, ints([1, 3, 1, 1, 0], "m")],
      build: (b, x) => b.gatherRows(first(x, 0), first(x, 1)),
    },
  ],
  scatterAddRows: [
    {
      inputs: [{ shape: [4, 3] }, ints([1, 3, 1], "m"), { shape: [3, 3], dims: ["m", 3] }],
      build: (b, x) => b.scatterAddRows(first(x, 0), first(x, 1), first(x, 2)),
    },
  ],
  gemm: [
    gemmCase(false, false, { shape: [4] }),
    gemmCase(false, true, rows([5, 4])),
    gemmCase(true, false, { shape: [4] }),
    gemmCase(true, true, { shape: [1, 4] }),
  ],
  quantizedGemm: "its weight is a buffer of bytes: see quantized.test.ts",
  dequantize: "its weight is frozen",
  rmsNorm: [{ inputs: [rows([3, 4]), { shape: [4] }], build: (b, x) => b.rmsNorm(first(x, 0), first(x, 1), 1e-3) }],
  rotate: [
    {
      inputs: [rows([3, 8]), rows([3, 2], { fixed: true }), rows([3, 2], { fixed: true })],
      build: (b, x) => b.rotate(first(x, 0), { cos: first(x, 1), sin: first(x, 2) }, 2),
    },
  ],
  gatedSilu: [{ inputs: [rows([3, 4]), rows([3, 4])], build: (b, x) => b.gatedSilu(first(x, 0), first(x, 1)) }],
  gatedSiluGrad: "second derivative",
  attention: [
    attentionCase([0, 1, 2, 3, 4], [0, 3, 0, 3, 3, 4, 3, 4, 4, 5, 3, 5]),
    attentionCase([1, 2, 4], [0, 2, 0, 3, 2, 3, 3, 5]),
    attentionCase([0, 1, 2, 3, 4], [0, 3, 0, 3, 3, 5, 3, 5], { window: 2 }),
    attentionCase([0, 1, 2, 3, 4], [0, 3, 0, 3, 3, 5, 3, 5], { softcap: 0.4 }),
  ],
  attentionGrad: "second derivative",
  crossEntropy: [
    crossEntropyCase({ chunk: 2 }),
    crossEntropyCase({ chunk: 8 }),
    crossEntropyCase({ chunk: 2, softcap: 0.6 }),
  ],
  crossEntropyGrad: "second derivative",
  dropoutMask: "piecewise constant",
};

const engine = new OrtEngine({ threads: 2 });
afterAll(() => engine.dispose());

const typeOf = (input: Input): TensorType => ({ dtype: input.dtype ?? "f32", shape: input.dims ?? input.shape });

function hostValues(input: Input, seed: number): HostTensor {
  const size = input.shape.reduce((a, b) => a * b, 1);
  if (input.dtype) return int(Int32Array.from(input.values ?? []), input.shape);
  const random = randomValues(size, seed).map((value) => (input.positive ? 0.5 + Math.abs(value) : value));
  return float(Float32Array.from(input.values ?? random), input.shape);
}

/** loss = Σ projection · output, with a fixed projection, so that every element of the output counts. */
async function compileCase({ inputs, build }: Case) {
  const b = new GraphBuilder("case");
  const x = inputs.map((input, index) => b.feed(`x${index}`, typeOf(input)));
  const y = build(b, x);
  const { shape } = b.type(y);
  const loss = b.sum(
    b.mul(y, b.feed("projection", { dtype: "f32", shape })),
    shape.map((_, axis) => axis),
  );
  const trained = x.filter((_, index) => !inputs[index]?.fixed);
  b.output("loss", loss);
  b.output("y", y);
  gradients(b, loss, trained).forEach((gradient, index) =>
    b.output(`d${inputs.indexOf(inputs.filter((i) => !i.fixed)[index] ?? inputs[0]!)}`, gradient),
  );
  return engine.compile(b.finish());
}

async function check(one: Case): Promise<void> {
  const program = await compileCase(one);
  const feeds = Object.fromEntries(one.inputs.map((input, index) => [`x${index}`, hostValues(input, index + 1)]));
  const forward = async (all: Record<string, HostTensor>, projection: HostTensor) =>
    program.run({ ...all, projection });
  // the first run only tells the size of the output
  const b = new GraphBuilder("forward");
  b.output(
    "y",
    one.build(
      b,
      one.inputs.map((input, index) => b.feed(`x${index}`, typeOf(input))),
    ),
  );
  const { y } = await (await engine.compile(b.finish())).run(feeds);
  const projection = float(randomValues(y?.data.length ?? 0, 99), y?.shape ?? []);
  const exact = await forward(feeds, projection);
  const epsilon = 1e-2;
  for (const [index, input] of one.inputs.entries()) {
    if (input.fixed) continue;
    const gradient = exact[`d${index}`]?.data ?? [];
    for (let element = 0; element < gradient.length; element++) {
      const lossAt = async (delta: number): Promise<number> => {
        const moved = Float32Array.from(feeds[`x${index}`]?.data ?? []);
        moved[element] = (moved[element] ?? 0) + delta;
        return (await forward({ ...feeds, [`x${index}`]: float(moved, input.shape) }, projection)).loss?.data[0] ?? NaN;
      };
      const slope = ((await lossAt(epsilon)) - (await lossAt(-epsilon))) / (2 * epsilon);
      const got = gradient[element] ?? NaN;
      expect(Math.abs(got - slope), `input ${index}, element ${element}: ${got} against ${slope}`).toBeLessThan(
        2e-3 * (1 + Math.abs(slope)),
      );
    }
  }
}

describe("gradient of", () => {
  for (const [kind, cases] of Object.entries(CASES)) {
    if (typeof cases === "string") test.skip(`${kind}: ${cases}`, () => undefined);
    else
      test(kind, async () => {
        for (const one of cases) await check(one);
      });
  }
});
