import { SiftError } from "#shared/errors.ts";
import type { GraphBuilder } from "./builder.ts";
import type { Dim, Node, Op, OpKind, OpOf, ValueId } from "./ops.ts";
import { sameShape } from "./shapes.ts";

/** What a gradient rule sees of its node: values of the forward pass and the gradients that reached its outputs. */
interface Step<K extends OpKind> {
  readonly b: GraphBuilder;
  readonly op: OpOf<K>;
  /** How many inputs the node has. */
  readonly inputs: number;
  /** Input `index` of the node. */
  readonly x: (index: number) => ValueId;
  readonly y: ValueId;
  /** Gradient of the first output. */
  readonly dy: ValueId;
  /** Whether input `index` leads to something that is trained. */
  readonly needs: (index: number) => boolean;
}

/** Gradients of the inputs in order; `undefined` for one that has none or needs none. */
type Rule<K extends OpKind> = (step: Step<K>) => readonly (ValueId | undefined)[];

const none = (): [] => [];

/** No model trains through it, so that nobody has had to derive it. */
const refuse = ({ op }: { readonly op: Op }): never => {
  throw new SiftError("no-gradient", `${op.kind} cannot be differentiated`, { where: { what: op.kind } });
};

/** Gradient of a broadcast operand: summed over the axes along which it was repeated. */
function unbroadcast(b: GraphBuilder, gradient: ValueId, operand: ValueId): ValueId {
  const from = b.type(gradient).shape;
  const to = b.type(operand).shape;
  if (sameShape(from, to)) return gradient;
  const extra = from.length - to.length;
  const repeated = (dim: Dim, axis: number): boolean => axis < extra || (to[axis - extra] === 1 && dim !== 1);
  const axes = from.flatMap((dim, axis) => (repeated(dim, axis) ? [axis] : []));
  const summed = axes.length > 0 ? b.sum(gradient, axes) : gradient;
  return sameShape(b.type(summed).shape, to) ? summed : b.reshape(summed, to);
}

/** Rule of a two-operand broadcasting operation from the gradients at full shape. */
const broadcasting =
  <K extends OpKind>(left: (s: Step<K>) => ValueId, right: (s: Step<K>) => ValueId): Rule<K> =>
  (s) => [
    s.needs(0) ? unbroadcast(s.b, left(s), s.x(0)) : undefined,
    s.needs(1) ? unbroadcast(s.b, right(s), s.x(1)) : undefined,
  ];

const isOne = (b: GraphBuilder, value: ValueId): boolean =>
  b.nodes.some(
    (node) => node.outputs[0] === value && node.op.kind === "constant" && node.op.values.every((v) => v === 1),
  );

/** value · scalar, without an operation where the scalar is the constant 1. */
const timesScalar = (b: GraphBuilder, value: ValueId, scalar: ValueId): ValueId =>
  isOne(b, scalar) ? value : b.mul(value, scalar);

const gemmRule: Rule<"gemm"> = ({ b, op, x, dy, needs }) => {
  const { transA, transB, alpha } = op;
  // A: α dy op(B)ᵀ, transposed where A was; B: α op(A)ᵀ dy, transposed where B was
  const da = (): ValueId =>
    transA ? b.gemm(x(1), dy, { transA: transB, transB: true, alpha }) : b.gemm(dy, x(1), { transB: !transB, alpha });
  const db = (): ValueId =>
    transB ? b.gemm(dy, x(0), { transA: true, transB: transA, alpha }) : b.gemm(x(0), dy, { transA: !transA, alpha });
  return [needs(0) ? da() : undefined, needs(1) ? db() : undefined, needs(2) ? unbroadcast(b, dy, x(2)) : undefined];
};

/** r = 1 / sqrt(mean(x²) + ε), n = x r, dn = dy w: dx = r (dn − n mean(dn n)), dw = Σ rows dy n. */
const rmsNormRule: Rule<"rmsNorm"> = ({ b, op, x, dy, needs }) => {
  const axis = b.type(x(0)).shape.length - 1;
  const mean = (value: ValueId): ValueId => b.affine(b.sum(value, [axis], true), 1 / Number(b.type(x(1)).shape[0]));
  const root = b.sqrt(b.affine(mean(b.mul(x(0), x(0))), 1, op.epsilon));
  const normal = b.div(x(0), root);
  const dx = (): ValueId => {
    const dn = b.mul(dy, x(1));
    return b.div(b.sub(dn, b.mul(normal, mean(b.mul(dn, normal)))), root);
  };
  return [needs(0) ? dx() : undefined, needs(1) ? unbroadcast(b, b.mul(dy, normal), x(1)) : undefined];
};

/** Each part gets its own slice; parts of symbolic size are only concatenated where nothing is trained. */
const concatRule: Rule<"concat"> = ({ b, op, x, dy, inputs }) => {
  let start = 0;
  return Array.from({ length: inputs }, (_, index) => {
    const size = b.type(x(index)).shape[op.axis];
    if (typeof size !== "number") throw new SiftError("no-gradient", "concat along a symbolic axis has no gradient");
    start += size;
    return b.slice(dy, op.axis, [start - size, start]);
  });
};

/** A reduced value with its axes back, as 1. */
function keepAxes(b: GraphBuilder, value: ValueId, from: { like: ValueId; axes: readonly number[] }): ValueId {
  const { shape } = b.type(from.like);
  return b.reshape(
    value,
    shape.map((dim, axis) => (from.axes.includes(axis) ? 1 : dim)),
  );
}

/** One entry an operation; the formula stands in the comment. */
const RULES: { readonly [K in OpKind]: Rule<K> } = {
  constant: none,
  // d(a + b) = da + db
  add: broadcasting(
    ({ dy }) => dy,
    ({ dy }) => dy,
  ),
  // d(a − b) = da − db
  sub: broadcasting(
    ({ dy }) => dy,
    ({ b, dy }) => b.affine(dy, -1),
  ),
  // d(a b) = b da + a db
  mul: broadcasting(
    ({ b, dy, x }) => b.mul(dy, x(1)),
    ({ b, dy, x }) => b.mul(dy, x(0)),
  ),
  // d(a / b) = da / b − y db / b
  div: broadcasting(
    ({ b, dy, x }) => b.div(dy, x(1)),
    ({ b, dy, x, y }) => b.affine(b.div(b.mul(dy, y), x(1)), -1),
  ),
  // the smaller one gets it; b on a tie
  minimum: broadcasting(
    ({ b, dy, x }) => b.mul(dy, b.less(x(0), x(1))),
    ({ b, dy, x }) => b.mul(dy, b.affine(b.less(x(0), x(1)), -1, 1)),
  ),
  // piecewise constant
  less: none,
  // d(s x + t) = s dx
  affine: ({ b, op, dy }) => [b.affine(dy, op.scale)],
  // d√x = dx / 2√x
  sqrt: ({ b, y, dy }) => [b.affine(b.div(dy, y), 0.5)],
  cos: ({ b, x, dy }) => [b.affine(b.mul(dy, b.sin(x(0))), -1)],
  sin: ({ b, x, dy }) => [b.mul(dy, b.cos(x(0)))],
  // dσ = σ (1 − σ) dx
  sigmoid: ({ b, y, dy }) => [b.mul(dy, b.mul(y, b.affine(y, -1, 1)))],
  toFloat: none,
  // every element of the sum has the sum's gradient
  sum: ({ b, op, x, dy }) => [b.broadcastLike(op.keep ? dy : keepAxes(b, dy, { like: x(0), axes: op.axes }), x(0))],
  // d Σ x² = 2 x dx
  squareSum: ({ b, op, x, dy }) => [
    b.affine(b.mul(b.broadcastLike(keepAxes(b, dy, { like: x(0), axes: op.axes }), x(0)), x(0)), 2),
  ],
  broadcastLike: ({ b, x, dy }) => [unbroadcast(b, dy, x(0))],
  after: ({ dy }) => [dy],
  detach: none,
  fillLike: none,
  reshape: ({ b, x, dy }) => [b.reshape(dy, b.type(x(0)).shape)],
  concat: concatRule,
  // zeros on both sides of the part that was taken
  slice: ({ b, op, x, dy }) => {
    const size = Number(b.type(x(0)).shape[op.axis]);
    const zeros = (start: number, end: number): ValueId[] =>
      start < end ? [b.fillLike(b.slice(x(0), op.axis, [start, end]), 0)] : [];
    const parts = [...zeros(0, op.start), dy, ...zeros(op.end, size)];
    return [parts.length === 1 ? dy : b.concat(parts, op.axis, size)];
  },
  // a row's gradient goes to where it was taken from, summed over those who took it
  gatherRows: ({ b, x, dy }) => [b.scatterAddRows(b.fillLike(x(0), 0), x(1), dy)],
  scatterAddRows: ({ b, x, dy, needs }) => [dy, undefined, needs(2) ? b.gatherRows(dy, x(1)) : undefined],
  gemm: gemmRule,
  // dx = dy W; W is made when dy is there, or the engine would make every layer's at once
  quantizedGemm: ({ b, op, x, dy, needs }) => {
    const { bits, block } = op;
    const weight = (): ValueId => b.dequantize({ q: x(1), scales: b.after(x(2), dy) }, { bits, block });
    return [needs(0) ? b.gemm(dy, weight()) : undefined];
  },
  dequantize: none,
  rmsNorm: rmsNormRule,
  // the inverse rotation; angles come from positions, which are not trained
  rotate: ({ b, op, x, dy, needs }) => {
    if (needs(1) || needs(2)) throw new SiftError("no-gradient", "rotate has no gradient for its angles");
    return [b.rotate(dy, { cos: x(1), sin: b.affine(x(2), -1) }, op.heads)];
  },
  // s = σ(gate): dup = dy gate s, dgate = dy up (s + gate s (1 − s))
  gatedSilu: ({ b, x, dy }) => b.emit({ kind: "gatedSiluGrad" }, [x(0), x(1), dy]),
  gatedSiluGrad: refuse,
  // P = softmax(S = scale q kᵀ), out = P v: dv = Pᵀ do, dS = P (do vᵀ − Σ do out), dq = scale dS k, dk = scale dSᵀ q;
  // under a softcap c, C = c tanh(S / c) takes the place of S and dS gains the factor 1 − (C / c)²
  attention: ({ b, op, x, y, dy }) => b.emit({ ...op, kind: "attentionGrad" }, [x(0), x(1), x(2), x(3), x(4), y, dy]),
  attentionGrad: refuse,
  // L = Σ w (lse − logit of the label): dlogits = w (softmax − onehot) [(1 − (capped / softcap)²)], dhidden = dlogits table, dtable = dlogitsᵀ hidden
  crossEntropy: ({ b, op, x, dy, needs }) => {
    const table = needs(1);
    const [, dh, dt] = b.emit({ ...op, kind: "crossEntropyGrad", table }, [x(0), x(1), x(2), x(3)]);
    if (needs(3)) throw new SiftError("no-gradient", "crossEntropy has no gradient for its weights");
    return [dh, dt].map((gradient) => (gradient === undefined ? undefined : timesScalar(b, gradient, dy)));
  },
  crossEntropyGrad: refuse,
  dropoutMask: none,
};

/** Values that depend on one of `roots`, by way of `nodes`. */
function dependents(nodes: readonly Node[], roots: readonly ValueId[]): Set<ValueId> {
  const found = new Set(roots);
  for (const node of nodes) {
    if (node.inputs.some((input) => found.has(input))) for (const output of node.outputs) found.add(output);
  }
  return found;
}

/** Values of the forward pass as the backward pass sees them: as they are, or computed again segment by segment. */
type Recall = (value: ValueId, node: Node, dy: ValueId) => ValueId;

const keep: Recall = (value) => value;

/**
 * Computes a segment's values again when the backward pass first enters it, from what came into the segment; nothing inside
 * of it then has to be kept from the forward pass. The inputs wait for the gradient, or the engine would run both at once.
 */
function recomputing(b: GraphBuilder, forward: readonly Node[]): Recall {
  const segments = new Map<number, Map<ValueId, ValueId>>();
  const made = new Set(forward.filter(({ op }) => op.kind !== "constant").flatMap((node) => node.outputs));
  const enter = (segment: number, dy: ValueId): Map<ValueId, ValueId> => {
    const again = new Map<ValueId, ValueId>();
    const recall = (value: ValueId): ValueId => {
      const known = again.get(value);
      if (known !== undefined || !made.has(value) || b.type(value).dtype !== "f32") return known ?? value;
      const held = b.after(value, dy);
      again.set(value, held);
      return held;
    };
    for (const node of forward) {
      if (node.segment !== segment) continue;
      b.emit(node.op, node.inputs.map(recall)).forEach((output, index) => again.set(node.outputs[index] ?? -1, output));
    }
    return again;
  };
  return (value, { segment }, dy) => {
    if (segment === undefined) return value;
    const known = segments.get(segment) ?? enter(segment, dy);
    segments.set(segment, known);
    return known.get(value) ?? value;
  };
}

export interface GradientOptions {
  /** Keeps only what enters a segment and computes the rest again: less memory, one more forward pass. */
  readonly recompute?: boolean;
}

/**
 * Reverse-mode differentiation: adds to the builder what computes d`loss`/d`value` for each of `values`, in their order.
 * Only paths to these values are differentiated, so frozen weights cost nothing. `loss` is a scalar.
 * @throws SiftError `no-gradient` where the loss does not depend on a value, or an operation on the way has no rule.
 */
export function gradients(
  b: GraphBuilder,
  loss: ValueId,
  values: readonly ValueId[],
  options: GradientOptions = {},
): ValueId[] {
  const forward = [...b.nodes];
  const recall = options.recompute === true ? recomputing(b, forward) : keep;
  const wanted = dependents(forward, values);
  const found = new Map<ValueId, ValueId>([[loss, b.constant([1])]]);
  for (const node of [...forward].reverse()) {
    const [y] = node.outputs;
    const dy = y === undefined ? undefined : found.get(y);
    if (y === undefined || dy === undefined || !wanted.has(y)) continue;
    const own = (index: number): ValueId => node.inputs[index] ?? -1;
    const x = (index: number): ValueId => recall(own(index), node, dy);
    const needs = (index: number): boolean => wanted.has(own(index));
    const rule = RULES[node.op.kind] as Rule<OpKind>;
    const step = { b, op: node.op, inputs: node.inputs.length, x, y: recall(y, node, dy), dy, needs };
    rule(step).forEach((gradient, index) => {
      if (gradient === undefined || !needs(index)) return;
      const earlier = found.get(own(index));
      found.set(own(index), earlier === undefined ? gradient : b.add(earlier, gradient));
    });
  }
  return values.map((value) => {
    const gradient = found.get(value);
    if (gradient === undefined) throw new SiftError("no-gradient", `the loss does not depend on value ${value}`);
    return gradient;
  });
}
