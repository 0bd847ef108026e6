import { SiftError } from "#shared/errors.ts";
import type {
  AttentionShape,
  Dim,
  Graph,
  GraphInput,
  GraphOutput,
  LossShape,
  Node,
  Op,
  Quantized,
  TensorType,
  ValueId,
} from "./ops.ts";
import { inferShapes } from "./shapes.ts";

/** Builds a graph node by node; every method returns the value that it made. Shapes are those of `ops.ts`. */
export class GraphBuilder {
  readonly name: string;
  readonly #types: TensorType[] = [];
  readonly #nodes: Node[] = [];
  readonly #inputs: GraphInput[] = [];
  readonly #outputs: GraphOutput[] = [];
  #segment: number | undefined;

  constructor(name: string) {
    this.name = name;
  }

  type(value: ValueId): TensorType {
    const type = this.#types[value];
    if (!type) throw new SiftError("graph-value", `graph ${this.name} has no value ${value}`);
    return type;
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** A tensor that the engine owns under this name; asking again returns the same value. */
  buffer(name: string, shape: readonly Dim[], dtype: TensorType["dtype"] = "f32"): ValueId {
    return this.#input(name, { dtype, shape }, "buffer");
  }

  /** A tensor that comes with every run. */
  feed(name: string, type: TensorType): ValueId {
    return this.#input(name, type, "feed");
  }

  #input(name: string, type: TensorType, source: GraphInput["source"]): ValueId {
    const known = this.#inputs.find((input) => input.name === name);
    if (known) return known.value;
    const value = this.#types.push(type) - 1;
    this.#inputs.push({ name, value, source });
    return value;
  }

  output(name: string, value: ValueId, into?: string): void {
    this.#outputs.push({ name, value, ...(into === undefined ? {} : { into }) });
  }

  /** What `build` emits belongs to this segment. */
  inSegment<T>(segment: number, build: () => T): T {
    this.#segment = segment;
    const result = build();
    this.#segment = undefined;
    return result;
  }

  /** All outputs of an operation. */
  emit(op: Op, inputs: readonly ValueId[]): readonly ValueId[] {
    const types = inferShapes(
      op,
      inputs.map((input) => this.type(input)),
    );
    const outputs = types.map((type) => this.#types.push(type) - 1);
    const segment = this.#segment;
    this.#nodes.push({ op, inputs, outputs, ...(segment === undefined ? {} : { segment }) });
    return outputs;
  }

  #one(op: Op, ...inputs: ValueId[]): ValueId {
    const [value] = this.emit(op, inputs);
    if (value === undefined) throw new SiftError("graph-value", `${op.kind} has no output`);
    return value;
  }

  constant(values: readonly number[], shape: readonly Dim[] = [], dtype: TensorType["dtype"] = "f32"): ValueId {
    return this.#one({ kind: "constant", type: { dtype, shape }, values });
  }
  add(a: ValueId, b: ValueId): ValueId {
    return this.#one({ kind: "add" }, a, b);
  }
  sub(a: ValueId, b: ValueId): ValueId {
    return this.#one({ kind: "sub" }, a, b);
  }
  mul(a: ValueId, b: ValueId): ValueId {
    return this.#one({ kind: "mul" }, a, b);
  }
  div(a: ValueId, b: ValueId): ValueId {
    return this.#one({ kind: "div" }, a, b);
  }
  minimum(a: ValueId, b: ValueId): ValueId {
    return this.#one({ kind: "minimum" }, a, b);
  }
  less(a: ValueId, b: ValueId): ValueId {
    return this.#one({ kind: "less" }, a, b);
  }
  /** scale · x + shift. */
  affine(x: ValueId, scale: number, shift = 0): ValueId {
    return this.#one({ kind: "affine", scale, shift }, x);
  }
  sqrt(x: ValueId): ValueId {
    return this.#one({ kind: "sqrt" }, x);
  }
  cos(x: ValueId): ValueId {
    return this.#one({ kind: "cos" }, x);
  }
  sin(x: ValueId): ValueId {
    return this.#one({ kind: "sin" }, x);
  }
  sigmoid(x: ValueId): ValueId {
    return this.#one({ kind: "sigmoid" }, x);
  }
  toFloat(x: ValueId): ValueId {
    return this.#one({ kind: "toFloat" }, x);
  }
  sum(x: ValueId, axes: readonly number[], keep = false): ValueId {
    return this.#one({ kind: "sum", axes, keep }, x);
  }
  squareSum(x: ValueId, axes: readonly number[]): ValueId {
    return this.#one({ kind: "squareSum", axes }, x);
  }
  broadcastLike(x: ValueId, like: ValueId): ValueId {
    return this.#one({ kind: "broadcastLike" }, x, like);
  }
  after(x: ValueId, when: ValueId): ValueId {
    return this.#one({ kind: "after" }, x, when);
  }
  detach(x: ValueId): ValueId {
    return this.#one({ kind: "detach" }, x);
  }
  fillLike(like: ValueId, value: number): ValueId {
    return this.#one({ kind: "fillLike", value }, like);
  }
  reshape(x: ValueId, shape: readonly Dim[]): ValueId {
    return this.#one({ kind: "reshape", shape }, x);
  }
  concat(parts: readonly ValueId[], axis: number, dim: Dim): ValueId {
    return this.#one({ kind: "concat", axis, dim }, ...parts);
  }
  slice(x: ValueId, axis: number, range: readonly [start: number, end: number]): ValueId {
    return this.#one({ kind: "slice", axis, start: range[0], end: range[1] }, x);
  }
  gatherRows(table: ValueId, indices: ValueId): ValueId {
    return this.#one({ kind: "gatherRows" }, table, indices);
  }
  scatterAddRows(base: ValueId, indices: ValueId, rows: ValueId): ValueId {
    return this.#one({ kind: "scatterAddRows" }, base, indices, rows);
  }
  /** alpha · op(a) · op(b) [+ c]. */
  gemm(
    a: ValueId,
    b: ValueId,
    options: { transA?: boolean; transB?: boolean; alpha?: number; c?: ValueId } = {},
  ): ValueId {
    const { transA = false, transB = false, alpha = 1, c } = options;
    return this.#one({ kind: "gemm", transA, transB, alpha }, a, b, ...(c === undefined ? [] : [c]));
  }
  /** x · Wᵀ with a frozen weight that is kept in 4 or 8 bits. */
  quantizedGemm(x: ValueId, weight: { q: ValueId; scales: ValueId }, format: Quantized): ValueId {
    return this.#one({ kind: "quantizedGemm", ...format }, x, weight.q, weight.scales);
  }
  dequantize(weight: { q: ValueId; scales: ValueId }, format: Quantized): ValueId {
    return this.#one({ kind: "dequantize", ...format }, weight.q, weight.scales);
  }
  rmsNorm(x: ValueId, weight: ValueId, epsilon: number): ValueId {
    return this.#one({ kind: "rmsNorm", epsilon }, x, weight);
  }
  rotate(x: ValueId, angles: { cos: ValueId; sin: ValueId }, heads: number): ValueId {
    return this.#one({ kind: "rotate", heads }, x, angles.cos, angles.sin);
  }
  gatedSilu(gate: ValueId, up: ValueId): ValueId {
    return this.#one({ kind: "gatedSilu" }, gate, up);
  }
  attention(inputs: AttentionInputs, shape: AttentionShape): ValueId {
    const { q, k, v, limits, chunks } = inputs;
    return this.#one({ kind: "attention", ...shape }, q, k, v, limits, chunks);
  }
  crossEntropy(
    inputs: { hidden: ValueId; table: ValueId; labels: ValueId; weights: ValueId },
    shape: LossShape,
  ): ValueId {
    return this.#one({ kind: "crossEntropy", ...shape }, inputs.hidden, inputs.table, inputs.labels, inputs.weights);
  }
  dropoutMask(seed: ValueId, like: ValueId, options: { rate: number; stream: number }): ValueId {
    return this.#one({ kind: "dropoutMask", ...options }, seed, like);
  }

  finish(): Graph {
    return { name: this.name, inputs: this.#inputs, nodes: this.#nodes, outputs: this.#outputs, types: this.#types };
  }
}

export interface AttentionInputs {
  readonly q: ValueId;
  readonly k: ValueId;
  readonly v: ValueId;
  readonly limits: ValueId;
  readonly chunks: ValueId;
}
