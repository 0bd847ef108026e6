import { SiftError } from "#shared/errors.ts";
import type { Dim, Graph, Node, OpKind, OpOf, TensorType, ValueId } from "#worker/graph/ops.ts";
import { emitAttention, emitAttentionGrad } from "./attention.ts";
import { emitDropoutMask } from "./dropout.ts";
import { Emitter } from "./emitter.ts";
import { emitCrossEntropy, emitScatterAdd } from "./loss.ts";
import type { OnnxGraph, OnnxType, OnnxValue } from "./onnx.ts";
import { emitDequantize, emitQuantizedGemm, sizesOf } from "./quantized.ts";
import { verifyOnnx } from "./verify.ts";

interface Context<K extends OpKind> {
  readonly e: Emitter;
  readonly op: OpOf<K>;
  /** ONNX name of input `index`. */
  readonly x: (index: number) => string;
  readonly type: (index: number) => TensorType;
  readonly inputs: readonly string[];
}

/** Emits what computes the operation; returns the names of its outputs in order. */
type Lowering<K extends OpKind> = (context: Context<K>) => readonly string[];

const same =
  <K extends OpKind>(onnx: string): Lowering<K> =>
  ({ e, inputs }) => [e.node(onnx, inputs)];

const columns = ({ shape }: TensorType): number => Number(shape[1]);
const onnxShape = (shape: readonly Dim[]): number[] => shape.map((dim) => (typeof dim === "number" ? dim : -1));
const silu = (e: Emitter, x: string): string => e.microsoft("QuickGelu", [x], { alpha: { float: 1 } });

/** g = gate, s = σ(g), a = g s: dup = dy a, dgate = dy up (s + a (1 − s)). */
const gatedSiluGrad: Lowering<"gatedSiluGrad"> = ({ e, x }) => {
  const s = e.node("Sigmoid", [x(0)]);
  const a = e.node("Mul", [x(0), s]);
  const slope = e.node("Sub", [e.node("Add", [s, a]), e.node("Mul", [a, s])]);
  return [e.node("Mul", [e.node("Mul", [x(2), x(1)]), slope]), e.node("Mul", [x(2), a])];
};

const affine: Lowering<"affine"> = ({ e, op, x }) => {
  const scaled = op.scale === 1 ? x(0) : e.node("Mul", [x(0), e.float(op.scale)]);
  if (op.shift !== 0) return [e.node("Add", [scaled, e.float(op.shift)])];
  return [op.scale === 1 ? e.node("Identity", [scaled]) : scaled];
};

/** cos and sin have a row for every row of x, so the rows' own numbers are the positions. */
const rotate: Lowering<"rotate"> = ({ e, op, x, type }) => {
  const batch = e.reshape(x(0), 1, -1, columns(type(0)));
  const attributes = { num_heads: { int: op.heads }, interleaved: { int: 0 } };
  const rotated = e.microsoft("RotaryEmbedding", [batch, e.longs(0), x(1), x(2)], attributes);
  return [e.reshape(rotated, -1, columns(type(0)))];
};

const geometry = (op: OpOf<"attention" | "attentionGrad">, q: TensorType) => ({ ...op, width: columns(q) / op.heads });
const attentionInputs = (x: (index: number) => string) => ({ q: x(0), k: x(1), v: x(2), limits: x(3), chunks: x(4) });
const lossInputs = (x: (index: number) => string) => ({ hidden: x(0), table: x(1), labels: x(2), weights: x(3) });

const LOWERINGS: { readonly [K in OpKind]: Lowering<K> } = {
  constant: ({ e, op }) => {
    const dims = onnxShape(op.type.shape);
    const size = dims.reduce((a, b) => a * b, 1);
    const values = op.values.length === 1 ? new Array<number>(size).fill(op.values[0] ?? 0) : op.values;
    return [e.tensor({ type: onnxType(op.type).type, dims, values })];
  },
  add: same("Add"),
  sub: same("Sub"),
  mul: same("Mul"),
  div: same("Div"),
  minimum: same("Min"),
  less: ({ e, inputs }) => [e.cast(e.node("Less", inputs), "float")],
  affine,
  sqrt: same("Sqrt"),
  cos: same("Cos"),
  sin: same("Sin"),
  sigmoid: same("Sigmoid"),
  toFloat: ({ e, x }) => [e.cast(x(0), "float")],
  sum: ({ e, op, x }) => [e.reduce("ReduceSum", x(0), op.axes, op.keep)],
  squareSum: ({ e, op, x }) => [e.reduce("ReduceSumSquare", x(0), op.axes, false)],
  broadcastLike: ({ e, x }) => [e.node("Expand", [x(0), e.node("Shape", [x(1)])])],
  // x + 0 · (first element of when)
  after: ({ e, x }) => {
    const one = e.node("Slice", [e.reshape(x(1), -1), e.longs(0), e.longs(1)]);
    return [e.node("Add", [x(0), e.node("Mul", [one, e.float(0)])])];
  },
  detach: same("Identity"),
  fillLike: ({ e, op, x }) => {
    const value = { tensor: { type: "float" as const, dims: [1], values: [op.value] } };
    return [e.node("ConstantOfShape", [e.node("Shape", [x(0)])], { value })];
  },
  reshape: ({ e, op, x }) => [e.reshape(x(0), ...onnxShape(op.shape))],
  concat: ({ e, op, inputs }) => [e.node("Concat", inputs, { axis: { int: op.axis } })],
  slice: ({ e, op, x }) => [e.node("Slice", [x(0), e.longs(op.start), e.longs(op.end), e.longs(op.axis)])],
  gatherRows: ({ e, inputs }) => [e.node("Gather", inputs, { axis: { int: 0 } })],
  scatterAddRows: ({ e, x }) => [emitScatterAdd(e, x(0), { indices: x(1), rows: x(2) })],
  gemm: ({ e, op, inputs }) => [
    e.node("Gemm", inputs, {
      transA: { int: op.transA ? 1 : 0 },
      transB: { int: op.transB ? 1 : 0 },
      alpha: { float: op.alpha },
    }),
  ],
  quantizedGemm: ({ e, op, x, type }) => [
    emitQuantizedGemm(e, { x: x(0), q: x(1), scales: x(2) }, sizesOf(op, type(1))),
  ],
  dequantize: ({ e, op, x, type }) => [emitDequantize(e, { q: x(0), scales: x(1) }, sizesOf(op, type(0)))],
  rmsNorm: ({ e, op, inputs }) => [
    e.node("SimplifiedLayerNormalization", inputs, { axis: { int: -1 }, epsilon: { float: op.epsilon } }),
  ],
  rotate,
  gatedSilu: ({ e, x }) => [e.node("Mul", [silu(e, x(0)), x(1)])],
  gatedSiluGrad,
  attention: ({ e, op, x, type }) => [emitAttention(e, attentionInputs(x), geometry(op, type(0)))],
  attentionGrad: ({ e, op, x, type }) =>
    emitAttentionGrad(e, { ...attentionInputs(x), out: x(5), dout: x(6) }, geometry(op, type(0))),
  crossEntropy: ({ e, op, x, type }) =>
    emitCrossEntropy(e, lossInputs(x), {
      width: columns(type(0)),
      vocabulary: Number(type(1).shape[0]),
      chunk: op.chunk,
      softcap: op.softcap,
      gradients: "none",
    }),
  crossEntropyGrad: ({ e, op, x, type, inputs }) => {
    const gradients = op.table ? "hidden and table" : "hidden";
    const [, , , , base] = inputs;
    return emitCrossEntropy(e, lossInputs(x), {
      width: columns(type(0)),
      vocabulary: Number(type(1).shape[0]),
      chunk: op.chunk,
      softcap: op.softcap,
      gradients,
      base,
    });
  },
  dropoutMask: ({ e, op, x }) => [emitDropoutMask(e, { seed: x(0), like: x(1), rate: op.rate, stream: op.stream })],
};

export interface Lowered {
  readonly onnx: OnnxGraph;
  /** ONNX name of each graph output. */
  readonly outputNames: Readonly<Record<string, string>>;
}

/** A verified graph as an ONNX graph whose inputs have the graph's input names. */
export function lower(graph: Graph): Lowered {
  const e = new Emitter();
  const names = new Map<ValueId, string>(graph.inputs.map((input) => [input.value, input.name]));
  const nameOf = (value: ValueId): string => names.get(value) ?? missing(graph, value);
  const typeOf = (value: ValueId): TensorType => graph.types[value] ?? missing(graph, value);
  for (const node of graph.nodes) {
    lowerNode(e, node, { nameOf, typeOf }).forEach((name, index) => names.set(node.outputs[index] ?? -1, name));
  }
  const outputNames: Record<string, string> = {};
  // onnxruntime wants an output to be a value of its own, made by a node
  const taken = new Set<string>([...graph.inputs.map((input) => input.name), ...Object.keys(e.initializers)]);
  const outputs = graph.outputs.map((output): OnnxValue => {
    const own = nameOf(output.value);
    const name = taken.has(own) ? e.node("Identity", [own]) : own;
    taken.add(name);
    outputNames[output.name] = name;
    return { name, ...onnxType(typeOf(output.value)) };
  });
  const inputs = graph.inputs.map((input): OnnxValue => ({ name: input.name, ...onnxType(typeOf(input.value)) }));
  const onnx = { name: graph.name, nodes: e.nodes, initializers: e.initializers, inputs, outputs };
  return { onnx: verifyOnnx(onnx), outputNames };
}

function lowerNode(
  e: Emitter,
  node: Node,
  values: { nameOf: (v: ValueId) => string; typeOf: (v: ValueId) => TensorType },
): readonly string[] {
  const inputs = node.inputs.map(values.nameOf);
  const lowering = LOWERINGS[node.op.kind] as Lowering<OpKind>;
  const x = (index: number): string => inputs[index] ?? "";
  return lowering({ e, op: node.op, x, inputs, type: (index) => values.typeOf(node.inputs[index] ?? -1) });
}

const onnxType = (type: TensorType): { type: OnnxType; shape: readonly Dim[] } => ({
  type: ({ f32: "float", i32: "int32", u8: "uint8" } as const)[type.dtype],
  shape: type.shape,
});

function missing(graph: Graph, value: ValueId): never {
  throw new SiftError("graph-value", `graph ${graph.name} has no value ${value}`);
}
