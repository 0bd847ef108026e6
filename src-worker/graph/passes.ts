import type { Graph, Node, ValueId } from "./ops.ts";
import { sameShape } from "./shapes.ts";
import { verify } from "./verify.ts";

/** A pass makes an equal graph that costs less. */
type Pass = (graph: Graph) => Graph;

/** Nodes whose outputs nobody uses are left out, inputs of that kind too. */
export const removeDead: Pass = (graph) => {
  const live = new Set(graph.outputs.map((output) => output.value));
  const kept: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((value) => live.has(value))) continue;
    kept.push(node);
    for (const value of node.inputs) live.add(value);
  }
  return { ...graph, nodes: kept.reverse(), inputs: graph.inputs.filter((input) => live.has(input.value)) };
};

/** The loss that its gradient computes anyway takes the place of the loss alone. */
export const shareLoss: Pass = (graph) => {
  const key = ({ inputs }: Node): string => inputs.join();
  const withGradient = new Map(graph.nodes.filter((n) => n.op.kind === "crossEntropyGrad").map((n) => [key(n), n]));
  const replaced = new Map<ValueId, ValueId>();
  const placed = new Set<Node>();
  const nodes = graph.nodes.flatMap((node) => {
    const twin = node.op.kind === "crossEntropy" ? withGradient.get(key(node)) : undefined;
    const [from] = node.outputs;
    const [to] = twin?.outputs ?? [];
    if (!twin || from === undefined || to === undefined) return placed.has(node) ? [] : [node];
    replaced.set(from, to);
    placed.add(twin);
    return [twin];
  });
  return rename({ ...graph, nodes }, replaced);
};

/** x + a·b becomes one product that adds to x, and x + (rows scattered over zeros) scatters over x: no second tensor. */
export const fuseAdditions: Pass = (graph) => {
  const uses = countUses(graph);
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((value) => [value, node] as const)));
  const fused = new Map<Node, Node>();
  const gone = new Set<Node>();
  for (const node of graph.nodes) {
    const [a, b] = node.inputs;
    if (node.op.kind !== "add" || a === undefined || b === undefined) continue;
    const options: readonly (readonly [ValueId, ValueId])[] = [
      [a, b],
      [b, a],
    ];
    for (const [base, term] of options) {
      const source = producer.get(term);
      const replacement = source && uses.get(term) === 1 ? absorb(graph, source, { base, node, producer }) : undefined;
      if (!source || !replacement) continue;
      fused.set(node, replacement);
      gone.add(source);
      for (const value of node.outputs) producer.set(value, replacement);
      break;
    }
  }
  return { ...graph, nodes: graph.nodes.filter((node) => !gone.has(node)).map((node) => fused.get(node) ?? node) };
};

interface Addition {
  readonly base: ValueId;
  readonly node: Node;
  readonly producer: ReadonlyMap<ValueId, Node>;
}

function absorb(graph: Graph, source: Node, { base, node, producer }: Addition): Node | undefined {
  const full = sameShape(graph.types[base]?.shape ?? [], graph.types[node.outputs[0] ?? -1]?.shape ?? []);
  if (!full) return undefined;
  if (source.op.kind === "gemm" && source.inputs.length === 2) {
    return { op: source.op, inputs: [...source.inputs, base], outputs: node.outputs };
  }
  const [zeros, indices, rows] = source.inputs;
  const blank = zeros === undefined ? undefined : producer.get(zeros)?.op;
  if (source.op.kind !== "scatterAddRows" || blank?.kind !== "fillLike" || blank.value !== 0) return undefined;
  if (indices === undefined || rows === undefined) return undefined;
  return { op: source.op, inputs: [base, indices, rows], outputs: node.outputs };
}

/**
 * x + (y with rows scattered over it) becomes (x + y) with the rows scattered over it, and x + dtable becomes the loss's own
 * start: a large gradient is then added to its buffer without a tensor of its own in between.
 */
export const sinkAdditions: Pass = (graph) => {
  const uses = countUses(graph);
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((value) => [value, node] as const)));
  const inputs = new Set(graph.inputs.map((input) => input.value));
  const replaced = new Map<Node, readonly Node[]>();
  for (const node of graph.nodes) {
    const [base, term] = node.inputs;
    if (node.op.kind !== "add" || base === undefined || term === undefined || uses.get(term) !== 1) continue;
    const source = producer.get(term);
    const [under, indices, rows] = source?.inputs ?? [];
    if (source?.op.kind === "scatterAddRows" && under !== undefined && indices !== undefined && rows !== undefined) {
      if (uses.get(under) !== 1 || !sameType(graph, base, under)) continue;
      replaced.set(source, []);
      const sum: Node = { op: node.op, inputs: [base, under], outputs: [term] };
      replaced.set(node, [sum, { op: source.op, inputs: [term, indices, rows], outputs: node.outputs }]);
    } else if (source?.op.kind === "crossEntropyGrad" && source.inputs.length === 4 && inputs.has(base)) {
      const outputs = source.outputs.map((value) => (value === term ? (node.outputs[0] ?? value) : value));
      replaced.set(source, [{ op: source.op, inputs: [...source.inputs, base], outputs }]);
      replaced.set(node, []);
    }
  }
  return { ...graph, nodes: graph.nodes.flatMap((node) => replaced.get(node) ?? [node]) };
};

const sameType = (graph: Graph, a: ValueId, b: ValueId): boolean =>
  sameShape(graph.types[a]?.shape ?? [], graph.types[b]?.shape ?? []);

function countUses(graph: Graph): Map<ValueId, number> {
  const uses = new Map<ValueId, number>();
  const used = [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map((output) => output.value)];
  for (const value of used) uses.set(value, (uses.get(value) ?? 0) + 1);
  return uses;
}

function rename(graph: Graph, replaced: ReadonlyMap<ValueId, ValueId>): Graph {
  const now = (value: ValueId): ValueId => replaced.get(value) ?? value;
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(now) })),
    outputs: graph.outputs.map((output) => ({ ...output, value: now(output.value) })),
  };
}

const PASSES: readonly Pass[] = [
  removeDead,
  shareLoss,
  fuseAdditions,
  sinkAdditions,
  sinkAdditions,
  fuseAdditions,
  removeDead,
];

/** All passes in order, verified after each. */
export function optimize(graph: Graph): Graph {
  return PASSES.reduce((current, pass) => verify(pass(current)), verify(graph));
}
