import { SiftError } from "#shared/errors.ts";
import type { Dim, Op, OpKind, OpOf, TensorType } from "./ops.ts";

type Inferred = readonly TensorType[];
type ShapeRule<K extends OpKind> = (subject: Subject<OpOf<K>>) => Inferred;

const f32 = (...shape: Dim[]): TensorType => ({ dtype: "f32", shape });

export const sameShape = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

export const formatType = (type: TensorType): string => `${type.dtype}[${type.shape.join(", ")}]`;

/** What a rule sees of its operation; what is wrong with it becomes one kind of error. */
class Subject<O extends Op> {
  readonly op: O;
  readonly inputs: readonly TensorType[];

  constructor(op: O, inputs: readonly TensorType[]) {
    this.op = op;
    this.inputs = inputs;
  }

  at(index: number): TensorType {
    return this.inputs[index] ?? this.fail(`at least ${index + 1} inputs`);
  }

  expect(condition: boolean, expected: string): void {
    if (!condition) this.fail(expected);
  }

  fail(expected: string): never {
    const got = this.inputs.map(formatType).join(", ");
    throw new SiftError("graph-shape", `${this.op.kind} expects ${expected}, got ${got || "nothing"}`, {
      where: { what: this.op.kind },
    });
  }
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

const broadcasting = (s: Subject<Op>): Inferred => {
  const shape = broadcastShapes(s.at(0).shape, s.at(1).shape);
  s.expect(
    s.inputs.every((input) => input.dtype === "f32"),
    "float inputs",
  );
  return shape ? [f32(...shape)] : s.fail("shapes that broadcast");
};

const elementwise = (s: Subject<Op>): Inferred => {
  const first = s.at(0);
  s.expect(first.dtype === "f32", "a float input");
  return [first];
};

const product = (shape: readonly Dim[]): { size: number; symbols: string[] } => ({
  size: shape.reduce<number>((total, dim) => (typeof dim === "number" ? total * dim : total), 1),
  symbols: shape.filter((dim) => typeof dim === "string").sort(),
});

function matrix(s: Subject<Op>, index: number, transposed: boolean): readonly [Dim, Dim] {
  const [rows, columns] = s.at(index).shape;
  s.expect(rank(s.inputs[index], 2), `a float matrix as input ${index}`);
  return transposed ? [columns ?? 0, rows ?? 0] : [rows ?? 0, columns ?? 0];
}

/** [outputs, inputs] of the weight that starts at input `index`. */
function quantizedShape(s: Subject<OpOf<"quantizedGemm" | "dequantize">>, index: number): [number, number] {
  const { bits, block } = s.op;
  const [outputs = 0, blocks = 0, bytes = 0] = s.at(index).shape.map(Number);
  const fits = rank(s.inputs[index], 3, "u8") && bytes === (block * bits) / 8;
  s.expect(fits, "weight [m, k / block, block · bits / 8] u8");
  const scales = s.at(index + 1);
  s.expect(rank(scales, 2) && sameShape(scales.shape, [outputs, blocks]), "scales [m, k / block]");
  return [outputs, blocks * block];
}

const attentionInputs = (s: Subject<OpOf<"attention" | "attentionGrad">>): void => {
  const [q, k, v, limits, chunks] = s.inputs;
  const width = q?.shape[1];
  s.expect(rank(q, 2) && typeof width === "number" && width % s.op.heads === 0, "q [n, heads · d]");
  const kv = (Number(width) / s.op.heads) * s.op.kvHeads;
  s.expect(rank(k, 2) && k?.shape[1] === kv, `k [m, ${kv}]`);
  s.expect(v !== undefined && k !== undefined && sameShape(v.shape, k.shape), "v of k's shape");
  s.expect(rank(limits, 1, "i32") && limits?.shape[0] === q?.shape[0], "limits [n]");
  s.expect(rank(chunks, 2, "i32") && chunks?.shape[1] === 4, "chunks [c, 4]");
};

const lossInputs = (s: Subject<Op>): void => {
  const [hidden, table, labels, weights] = s.inputs;
  s.expect(rank(hidden, 2) && rank(table, 2) && hidden?.shape[1] === table?.shape[1], "hidden [n, h], table [v, h]");
  s.expect(rank(labels, 1, "i32") && rank(weights, 1), "labels [n] i32, weights [n]");
  s.expect(
    labels?.shape[0] === hidden?.shape[0] && weights?.shape[0] === hidden?.shape[0],
    "one label and weight a row",
  );
};

function reducedShape(s: Subject<OpOf<"sum" | "squareSum">>, keep: boolean): Dim[] {
  const { shape } = s.at(0);
  const valid = s.op.axes.every((axis) => axis >= 0 && axis < shape.length);
  s.expect(valid, "axes of the input");
  return shape.flatMap((dim, axis) => (s.op.axes.includes(axis) ? (keep ? [1] : []) : [dim]));
}

/** Output types of every operation, from its inputs' types; wrong inputs are errors that say what was expected. */
const RULES: { readonly [K in OpKind]: ShapeRule<K> } = {
  constant: (s) => [s.op.type],
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
  toFloat: (s) => [f32(...s.at(0).shape)],
  sum: (s) => [f32(...reducedShape(s, s.op.keep))],
  squareSum: (s) => [f32(...reducedShape(s, false))],
  broadcastLike: (s) => {
    const { shape } = s.at(1);
    const result = broadcastShapes(s.at(0).shape, shape);
    return result && sameShape(result, shape) ? [f32(...shape)] : s.fail("a shape that broadcasts to the second");
  },
  after: (s) => {
    s.expect(s.inputs.length === 2, "two inputs");
    return [s.at(0)];
  },
  detach: elementwise,
  fillLike: (s) => [f32(...s.at(0).shape)],
  reshape: (s) => {
    const from = product(s.at(0).shape);
    const to = product(s.op.shape);
    const same = from.size === to.size && sameShape(from.symbols, to.symbols) && to.symbols.length <= 1;
    return same ? [{ dtype: s.at(0).dtype, shape: s.op.shape }] : s.fail(`the elements of [${s.op.shape.join(", ")}]`);
  },
  concat: (s) => {
    const first = s.at(0);
    const rest = (type: TensorType): Dim[] => type.shape.filter((_, axis) => axis !== s.op.axis);
    s.expect(
      s.inputs.every((input) => sameShape(rest(input), rest(first))),
      "the same other axes",
    );
    const sizes = s.inputs.map((input) => input.shape[s.op.axis]);
    const total = sizes.every((size) => typeof size === "number") ? sizes.reduce((a, b) => a + b, 0) : s.op.dim;
    s.expect(total === s.op.dim, `axis ${s.op.axis} of ${total} elements`);
    return [{ dtype: first.dtype, shape: first.shape.map((dim, axis) => (axis === s.op.axis ? s.op.dim : dim)) }];
  },
  slice: (s) => {
    const { shape, dtype } = s.at(0);
    const size = shape[s.op.axis];
    s.expect(
      typeof size === "number" && s.op.start >= 0 && s.op.start < s.op.end && s.op.end <= size,
      `${s.op.end} elements on a static axis ${s.op.axis}`,
    );
    return [{ dtype, shape: shape.map((dim, axis) => (axis === s.op.axis ? s.op.end - s.op.start : dim)) }];
  },
  gatherRows: (s) => {
    s.expect(rank(s.inputs[1], 1, "i32"), "indices [m] i32");
    const table = s.at(0);
    return [{ dtype: table.dtype, shape: [s.at(1).shape[0] ?? 0, ...table.shape.slice(1)] }];
  },
  scatterAddRows: (s) => {
    const [base, indices, rows] = [s.at(0), s.at(1), s.at(2)];
    const expected = [indices.shape[0] ?? 0, ...base.shape.slice(1)];
    s.expect(rank(indices, 1, "i32") && sameShape(rows.shape, expected), `rows [${expected.join(", ")}]`);
    return [base];
  },
  gemm: (s) => {
    const [rows, inner] = matrix(s, 0, s.op.transA);
    const [innerB, columns] = matrix(s, 1, s.op.transB);
    s.expect(inner === innerB, "equal inner dimensions");
    const bias = s.inputs[2];
    const fits = !bias || sameShape(broadcastShapes(bias.shape, [rows, columns]) ?? [], [rows, columns]);
    return fits ? [f32(rows, columns)] : s.fail(`a third input that broadcasts to [${rows}, ${columns}]`);
  },
  quantizedGemm: (s) => {
    const [rows, columns] = matrix(s, 0, false);
    const [outputs, inputs] = quantizedShape(s, 1);
    s.expect(columns === inputs, `x [n, ${inputs}]`);
    return [f32(rows, outputs)];
  },
  dequantize: (s) => [f32(...quantizedShape(s, 0))],
  rmsNorm: (s) => {
    s.expect(rank(s.inputs[1], 1) && s.at(0).shape.at(-1) === s.inputs[1]?.shape[0], "x [n, h], weight [h]");
    return [s.at(0)];
  },
  rotate: (s) => {
    const [x, cos] = [s.at(0), s.at(1)];
    const half = Number(cos.shape[1]);
    s.expect(
      rank(x, 2) && x.shape[1] === s.op.heads * 2 * half && x.shape[0] === cos.shape[0],
      "x [n, heads · 2d], cos and sin [n, d]",
    );
    return [x];
  },
  gatedSilu: (s) => {
    s.expect(sameShape(s.at(0).shape, s.at(1).shape), "gate and up of one shape");
    return [s.at(0)];
  },
  gatedSiluGrad: (s) => [s.at(0), s.at(1)],
  attention: (s) => {
    attentionInputs(s);
    return [s.at(0)];
  },
  attentionGrad: (s) => {
    attentionInputs(s);
    return [s.at(0), s.at(1), s.at(2)];
  },
  crossEntropy: (s) => {
    lossInputs(s);
    return [f32()];
  },
  crossEntropyGrad: (s) => {
    lossInputs(s);
    const [, table, , , base] = s.inputs;
    const fits = !base || (table !== undefined && sameShape(base.shape, table.shape));
    s.expect(fits, "a base of the table's shape");
    return [f32(), s.at(0), ...(s.op.table ? [s.at(1)] : [])];
  },
  dropoutMask: (s) => {
    s.expect(rank(s.inputs[0], 1, "i32") && s.inputs[0]?.shape[0] === 2, "seed [2] i32");
    return [s.at(1)];
  },
};

/** Types of an operation's outputs. Throws `graph-shape`. */
export function inferShapes(op: Op, inputs: readonly TensorType[]): Inferred {
  const rule = RULES[op.kind] as ShapeRule<OpKind>;
  return rule(new Subject(op, inputs));
}
