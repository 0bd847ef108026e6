import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxType, OnnxValue } from "./onnx.ts";

export type Attributes = Readonly<Record<string, OnnxAttribute>>;

/** What all scopes of one model share: constants live once, names are unique. */
interface Shared {
  readonly initializers: Record<string, OnnxTensor>;
  readonly byContent: Map<string, string>;
  next: number;
}

/** Collects ONNX nodes; each method returns the names of the values that it made. */
export class Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly declared: OnnxValue[] = [];
  readonly #shared: Shared;

  constructor(shared: Shared = { initializers: {}, byContent: new Map(), next: 0 }) {
    this.#shared = shared;
  }

  get initializers(): Readonly<Record<string, OnnxTensor>> {
    return this.#shared.initializers;
  }

  fresh(hint: string): string {
    return `${hint}_${this.#shared.next++}`;
  }

  push(node: OnnxNode): void {
    this.nodes.push(node);
  }

  /** One node with one output. */
  node(op: string, inputs: readonly string[], attributes?: Attributes): string {
    return this.#emit({ op, inputs, ...(attributes ? { attributes } : {}) });
  }

  /** One of onnxruntime's own operators. */
  microsoft(op: string, inputs: readonly string[], attributes: Attributes): string {
    return this.#emit({ op, domain: "com.microsoft", inputs, attributes });
  }

  #emit(node: Omit<OnnxNode, "outputs">): string {
    const output = this.fresh(node.op);
    this.push({ ...node, outputs: [output] });
    return output;
  }

  /**
   * Tells the runtime a value's shape where inference loses it, as it does in loops. Values of one shape by name can then take
   * each other's place in memory.
   */
  declare(name: string, shape: readonly (number | string)[]): string {
    this.declared.push({ name, type: "float", shape });
    return name;
  }

  tensor(tensor: OnnxTensor): string {
    const key = JSON.stringify(tensor);
    const known = this.#shared.byContent.get(key);
    if (known !== undefined) return known;
    const name = this.fresh("constant");
    this.#shared.initializers[name] = tensor;
    this.#shared.byContent.set(key, name);
    return name;
  }

  float(value: number): string {
    return this.tensor({ type: "float", dims: [], values: [value] });
  }

  /** A one-dimensional int64 constant: axes, shapes, starts. */
  longs(...values: number[]): string {
    return this.tensor({ type: "int64", dims: [values.length], values });
  }

  long(value: number): string {
    return this.tensor({ type: "int64", dims: [], values: [value] });
  }

  /** Rows start…end of the first axis; both are one-element tensors. */
  rows(x: string, start: string, end: string): string {
    const type = this.tensor({ type: "int32", dims: [1], values: [0] });
    return this.node("Slice", [x, start, end, type]);
  }

  cast(x: string, to: OnnxType): string {
    const code = { float: 1, int32: 6, int64: 7, bool: 9, uint32: 12, uint8: 2 }[to];
    return this.node("Cast", [x], { to: { int: code } });
  }

  reshape(x: string, ...shape: number[]): string {
    return this.node("Reshape", [x, this.longs(...shape)]);
  }

  transpose(x: string, ...permutation: number[]): string {
    return this.node("Transpose", [x], { perm: { ints: permutation } });
  }

  reduce(op: "ReduceSum" | "ReduceMax" | "ReduceSumSquare", x: string, axes: readonly number[], keep = true): string {
    return this.node(op, [x, this.longs(...axes)], { keepdims: { int: keep ? 1 : 0 } });
  }

  /**
   * `trips` times the body, which gets the iteration number and the carried values and returns their successors.
   * The types are needed for the body's signature; its shapes may change from trip to trip.
   */
  loop(trips: string, carried: readonly string[], body: LoopBody): string[] {
    const inner = new Emitter(this.#shared);
    const iteration = this.fresh("iteration");
    const condition = this.fresh("condition");
    const states = carried.map(() => this.fresh("state"));
    const results = body(inner, iteration, states);
    const goOn = inner.node("Identity", [condition]);
    const typed = (name: string, type: OnnxType): OnnxValue => ({ name, type });
    const graph: OnnxGraph = {
      name: "body",
      nodes: inner.nodes,
      initializers: {},
      declared: inner.declared,
      inputs: [
        { name: iteration, type: "int64", shape: [] },
        { name: condition, type: "bool", shape: [] },
        ...states.map((name) => typed(name, "float")),
      ],
      outputs: [{ name: goOn, type: "bool", shape: [] }, ...results.map((name) => typed(name, "float"))],
    };
    const outputs = carried.map(() => this.fresh("Loop"));
    this.push({ op: "Loop", inputs: [trips, "", ...carried], outputs, attributes: { body: { graph } } });
    return outputs;
  }
}

export type LoopBody = (inner: Emitter, iteration: string, states: readonly string[]) => readonly string[];
