import { SiftError } from "#shared/errors.ts";
import type { Dim, Op, OpKind, OpOf, TensorType } from "./ops.ts";

type Inferred = readonly TensorType[];
type ShapeRule<K extends OpKind> = (op: OpOf<K>, inputs: readonly TensorType[]) => Inferred;

const f32 = (...shape: Dim[]): TensorType => ({ dtype: "f32", shape });

export const sameShape = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

export const formatType = (type: TensorType): string => `${type.dtype}[${type.shape.join(", ")}]`;

function fail(op: Op, expected: string, inputs: readonly TensorType[]): never {
  const got = inputs.map(formatType).join(", ");
  throw new SiftError("graph-shape", `${op.kind} expects ${expected}, got ${got || "nothing"}`, {
    where: { what: op.kind },
  });
}

/** Input `index`, of the given type and rank. */
function at(op: Op, inputs: readonly TensorType[], index: number): TensorType {
  return inputs[index] ?? fail(op, `at least ${index + 1} inputs`, inputs);
}

function expectThat(condition: boolean, op: Op, expected: string, inputs: readonly TensorType[]): void {
  if (!condition) fail(op, expected, inputs);
}

const rank = (type: TensorType | undefined, n: number, dtype = "f32"): boolean =>
  type?.shape.length === n && type.dtype === dtype;

/** NumPy's rule; two different symbols, or a symbol with a number other than 1, do not broadcast. */
export function broadcastShapes(a: readonly Dim[], b: readonly Dim[]): Dim[] | undefined {
  const length = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let axis = 0; axis < length; axis++) {
    const x = a[axis - length + a.length] ?? 1;
    const y = b[axis - length + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    result.push(x === 1 ? y : x);
  }
  return result;
}

const broadcasting = (op: Op, inputs: readonly TensorType[]): Inferred => {
  const shape = broadcastShapes(at(op, inputs, 0).shape, at(op, inputs, 1).shape);
  expectThat(
    inputs.every((input) => input.dtype === "f32"),
    op,
    "float inputs",
    inputs,
  );
  return shape ? [f32(...shape)] : fail(op, "shapes that broadcast", inputs);
};

const elementwise = (op: Op, inputs: readonly TensorType[]): Inferred => {
  const first = at(op, inputs, 0);
  expectThat(first.dtype === "f32", op, "a float input", inputs);
  return [first];
};

const product = (shape: readonly Dim[]): { size: number; symbols: string[] } => ({
  size: shape.reduce<number>((total, dim) => (typeof dim === "number" ? total * dim : total), 1),
  symbols: shape.filter((dim) => typeof dim === "string").sort(),
});

function matrix(op: Op, inputs: readonly TensorType[], index: number, transposed: boolean): readonly [Dim, Dim] {
  const [rows, columns] = at(op, inputs, index).shape;
  expectThat(rank(inputs[index], 2), op, `a float matrix as input ${index}`, inputs);
  return transposed ? [columns ?? 0, rows ?? 0] : [rows ?? 0, columns ?? 0];
}

const attentionInputs = (op: OpOf<"attention" | "attentionGrad">, inputs: readonly TensorType[]): void => {
  const [q, k, v, limits, chunks] = inputs;
  const width = q?.shape[1];
  expectThat(rank(q, 2) && typeof width === "number" && width % op.heads === 0, op, "q [n, heads · d]", inputs);
  const kv = (Number(width) / op.heads) * op.kvHeads;
  expectThat(rank(k, 2) && k?.shape[1] === kv, op, `k [m, ${kv}]`, inputs);
  expectThat(v !== undefined && k !== undefined && sameShape(v.shape, k.shape), op, "v of k's shape", inputs);
  expectThat(rank(limits, 1, "i32") && limits?.shape[0] === q?.shape[0], op, "limits [n]", inputs);
  expectThat(rank(chunks, 2, "i32") && chunks?.shape[1] === 4, op, "chunks [c, 4]", inputs);
};

const lossInputs = (op: Op, inputs: readonly TensorType[]): void => {
  const [hidden, table, labels, weights] = inputs;
  expectThat(
    rank(hidden, 2) && rank(table, 2) && hidden?.shape[1] === table?.shape[1],
    op,
    "hidden [n, h], table [v, h]",
    inputs,
  );
  expectThat(rank(labels, 1, "i32") && rank(weights, 1), op, "labels [n] i32, weights [n]", inputs);
  expectThat(
    labels?.shape[0] === hidden?.shape[0] && weights?.shape[0] === hidden?.shape[0],
    op,
    "one label and weight a row",
    inputs,
  );
};

function reducedShape(op: OpOf<"sum" | "squareSum">, inputs: readonly TensorType[], keep: boolean): Dim[] {
  const { shape } = at(op, inputs, 0);
  const valid = op.axes.every((axis) => axis >= 0 && axis < shape.length);
  expectThat(valid, op, "axes of the input", inputs);
  return shape.flatMap((dim, axis) => (op.axes.includes(axis) ? (keep ? [1] : []) : [dim]));
}

/** Output types of every operation, from its inputs' types; wrong inputs are errors that say what was expected. */
const RULES: { readonly [K in OpKind]: ShapeRule<K> } = {
  constant: (op) => [op.type],
  add: broadcasting,
  sub: broadcasting,
  mul: broadcasting,
  div: broadcasting,
  minimum: broadcasting,
  less: broadcasting,
  affine: elementwise,
  sqrt: elementwise,
  cos: elementwise,
  sin: elementwise,
  sigmoid: elementwise,
  toFloat: (op, inputs) => [f32(...at(op, inputs, 0).shape)],
  sum: (op, inputs) => [f32(...reducedShape(op, inputs, op.keep))],
  squareSum: (op, inputs) => [f32(...reducedShape(op, inputs, false))],
  broadcastLike: (op, inputs) => {
    const { shape } = at(op, inputs, 1);
    const result = broadcastShapes(at(op, inputs, 0).shape, shape);
    return result && sameShape(result, shape)
      ? [f32(...shape)]
      : fail(op, "a shape that broadcasts to the second", inputs);
  },
  fillLike: (op, inputs) => [f32(...at(op, inputs, 0).shape)],
  reshape: (op, inputs) => {
    const from = product(at(op, inputs, 0).shape);
    const to = product(op.shape);
    const same = from.size === to.size && sameShape(from.symbols, to.symbols) && to.symbols.length <= 1;
    return same
      ? [{ dtype: at(op, inputs, 0).dtype, shape: op.shape }]
      : fail(op, `the elements of [${op.shape.join(", ")}]`, inputs);
  },
  concat: (op, inputs) => {
    const first = at(op, inputs, 0);
    const rest = (type: TensorType): Dim[] => type.shape.filter((_, axis) => axis !== op.axis);
    expectThat(
      inputs.every((input) => sameShape(rest(input), rest(first))),
      op,
      "the same other axes",
      inputs,
    );
    const sizes = inputs.map((input) => input.shape[op.axis]);
    const total = sizes.every((size) => typeof size === "number") ? sizes.reduce((a, b) => a + b, 0) : op.dim;
    expectThat(total === op.dim, op, `axis ${op.axis} of ${total} elements`, inputs);
    return [{ dtype: first.dtype, shape: first.shape.map((dim, axis) => (axis === op.axis ? op.dim : dim)) }];
  },
  slice: (op, inputs) => {
    const { shape, dtype } = at(op, inputs, 0);
    const size = shape[op.axis];
    expectThat(
      typeof size === "number" && op.start >= 0 && op.start < op.end && op.end <= size,
      op,
      `${op.end} elements on a static axis ${op.axis}`,
      inputs,
    );
    return [{ dtype, shape: shape.map((dim, axis) => (axis === op.axis ? op.end - op.start : dim)) }];
  },
  gatherRows: (op, inputs) => {
    expectThat(rank(inputs[1], 1, "i32"), op, "indices [m] i32", inputs);
    const table = at(op, inputs, 0);
    return [{ dtype: table.dtype, shape: [at(op, inputs, 1).shape[0] ?? 0, ...table.shape.slice(1)] }];
  },
  scatterAddRows: (op, inputs) => {
    const [base, indices, rows] = [at(op, inputs, 0), at(op, inputs, 1), at(op, inputs, 2)];
    const expected = [indices.shape[0] ?? 0, ...base.shape.slice(1)];
    expectThat(rank(indices, 1, "i32") && sameShape(rows.shape, expected), op, `rows [${expected.join(", ")}]`, inputs);
    return [base];
  },
  gemm: (op, inputs) => {
    const [rows, inner] = matrix(op, inputs, 0, op.transA);
    const [innerB, columns] = matrix(op, inputs, 1, op.transB);
    expectThat(inner === innerB, op, "equal inner dimensions", inputs);
    const bias = inputs[2];
    const fits = !bias || sameShape(broadcastShapes(bias.shape, [rows, columns]) ?? [], [rows, columns]);
    return fits ? [f32(rows, columns)] : fail(op, `a third input that broadcasts to [${rows}, ${columns}]`, inputs);
  },
  rmsNorm: (op, inputs) => {
    expectThat(
      rank(inputs[1], 1) && at(op, inputs, 0).shape.at(-1) === inputs[1]?.shape[0],
      op,
      "x [n, h], weight [h]",
      inputs,
    );
    return [at(op, inputs, 0)];
  },
  rotate: (op, inputs) => {
    const [x, cos] = [at(op, inputs, 0), at(op, inputs, 1)];
    const half = Number(cos.shape[1]);
    expectThat(
      rank(x, 2) && x.shape[1] === op.heads * 2 * half && x.shape[0] === cos.shape[0],
      op,
      "x [n, heads · 2d], cos and sin [n, d]",
      inputs,
    );
    return [x];
  },
  gatedSilu: (op, inputs) => {
    expectThat(sameShape(at(op, inputs, 0).shape, at(op, inputs, 1).shape), op, "gate and up of one shape", inputs);
    return [at(op, inputs, 0)];
  },
  gatedSiluGrad: (op, inputs) => [at(op, inputs, 0), at(op, inputs, 1)],
  attention: (op, inputs) => {
    attentionInputs(op, inputs);
    return [at(op, inputs, 0)];
  },
  attentionGrad: (op, inputs) => {
    attentionInputs(op, inputs);
    return [at(op, inputs, 0), at(op, inputs, 1), at(op, inputs, 2)];
  },
  crossEntropy: (op, inputs) => {
    lossInputs(op, inputs);
    return [f32()];
  },
  crossEntropyGrad: (op, inputs) => {
    lossInputs(op, inputs);
    const [, table, , , base] = inputs;
    const fits = !base || (table !== undefined && sameShape(base.shape, table.shape));
    expectThat(fits, op, "a base of the table's shape", inputs);
    return [f32(), at(op, inputs, 0), ...(op.table ? [at(op, inputs, 1)] : [])];
  },
  dropoutMask: (op, inputs) => {
    expectThat(rank(inputs[0], 1, "i32") && inputs[0]?.shape[0] === 2, op, "seed [2] i32", inputs);
    return [at(op, inputs, 1)];
  },
};

/** Types of an operation's outputs. Throws `graph-shape`. */
export function inferShapes(op: Op, inputs: readonly TensorType[]): Inferred {
  const rule = RULES[op.kind] as ShapeRule<OpKind>;
  return rule(op, inputs);
}
