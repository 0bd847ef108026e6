import type { Dim, Graph, Node, OpKind, TensorType, ValueId } from "./ops.ts";

/** What the work of one run depends on. */
export interface RunSizes {
  /** Symbolic sizes by name. */
  readonly dims: Readonly<Record<string, number>>;
  /** Pairs of query and key that a feed of chunks lets meet, by the feed's name. */
  readonly pairs: Readonly<Record<string, number>>;
}

type Count = (at: { node: Node; type: (input: number) => readonly number[]; pairs: number }) => number;

/** A multiplication and an addition each count as one; what is not a product of matrices is left out. */
const COUNTS: { readonly [K in OpKind]?: Count } = {
  gemm: ({ node, type }) => {
    const [[rows = 0, inner = 0], [b0 = 0, b1 = 0]] = [type(0), type(1)];
    if (node.op.kind !== "gemm") return 0;
    const [m, k] = node.op.transA ? [inner, rows] : [rows, inner];
    return 2 * m * k * (node.op.transB ? b0 : b1);
  },
  quantizedGemm: ({ type }) => 2 * (type(0)[0] ?? 0) * (type(0)[1] ?? 0) * (type(2)[0] ?? 0),
  // scores and what they mix; backwards the scores again, and products for P, queries, keys and values
  attention: ({ type, pairs }) => 4 * pairs * (type(0)[1] ?? 0),
  attentionGrad: ({ type, pairs }) => 10 * pairs * (type(0)[1] ?? 0),
  crossEntropy: ({ type }) => 2 * lossSize(type),
  crossEntropyGrad: ({ node, type }) => (node.op.kind === "crossEntropyGrad" && node.op.table ? 6 : 4) * lossSize(type),
};

const lossSize = (type: (input: number) => readonly number[]): number =>
  (type(0)[0] ?? 0) * (type(0)[1] ?? 0) * (type(1)[0] ?? 0);

/** Floating point operations of the matrix products in one run of a graph. */
export function flopsOf(graph: Graph, { dims, pairs }: RunSizes): number {
  const feeds = new Map(graph.inputs.map(({ name, value }) => [value, name]));
  const size = (dim: Dim): number => (typeof dim === "number" ? dim : (dims[dim] ?? 0));
  const sizes = (value: ValueId | undefined): number[] => (shapeOf(graph.types[value ?? -1]) ?? []).map(size);
  return graph.nodes.reduce((sum, node) => {
    const chunks = node.inputs[4];
    const met = pairs[feeds.get(chunks ?? -1) ?? ""] ?? 0;
    return sum + (COUNTS[node.op.kind]?.({ node, type: (input) => sizes(node.inputs[input]), pairs: met }) ?? 0);
  }, 0);
}

const shapeOf = (type: TensorType | undefined): readonly Dim[] | undefined => type?.shape;
