import { SiftError } from "#shared/errors.ts";
import type { Graph, Node, ValueId } from "./ops.ts";
import { formatType, inferShapes, sameShape } from "./shapes.ts";

/**
 * Checks what every later stage relies on: values are defined once and before use, types are what shape inference says,
 * names are unique, symbols come from an input, and a buffer is only replaced once its last reader is done.
 * Runs after every pass. @throws SiftError `graph-invalid` or `graph-shape`.
 */
export function verify(graph: Graph): Graph {
  const problem = (message: string): never => {
    throw new SiftError("graph-invalid", `graph ${graph.name}: ${message}`, { where: { what: graph.name } });
  };
  const defined = new Set<ValueId>();
  const define = (value: ValueId): void => {
    if (defined.has(value)) problem(`value %${value} is defined twice`);
    if (!graph.types[value]) problem(`value %${value} has no type`);
    defined.add(value);
  };
  const unique = (names: readonly string[]): void => {
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) problem(`the name "${twice}" is used twice`);
  };
  unique(graph.inputs.map((input) => input.name));
  unique(graph.outputs.map((output) => output.name));
  for (const input of graph.inputs) define(input.value);
  for (const node of graph.nodes) {
    for (const value of node.inputs)
      if (!defined.has(value)) problem(`${node.op.kind} uses %${value} before it is defined`);
    node.outputs.forEach(define);
    checkTypes(graph, node, problem);
  }
  for (const output of graph.outputs) {
    if (!defined.has(output.value)) problem(`output "${output.name}" is not computed`);
  }
  checkSymbols(graph, problem);
  checkUpdates(graph, problem);
  return graph;
}

function checkTypes(graph: Graph, node: Node, problem: (message: string) => never): void {
  const inputs = node.inputs.flatMap((value) => graph.types[value] ?? []);
  const inferred = inferShapes(node.op, inputs);
  if (inferred.length !== node.outputs.length) problem(`${node.op.kind} has ${inferred.length} outputs`);
  inferred.forEach((type, index) => {
    const declared = graph.types[node.outputs[index] ?? -1];
    if (!declared || declared.dtype !== type.dtype || !sameShape(declared.shape, type.shape)) {
      problem(`${node.op.kind} makes ${formatType(type)}, declared as ${declared ? formatType(declared) : "nothing"}`);
    }
  });
}

function checkSymbols(graph: Graph, problem: (message: string) => never): void {
  const known = new Set(graph.inputs.flatMap((input) => graph.types[input.value]?.shape ?? []));
  for (const node of graph.nodes) {
    if (node.op.kind === "concat") known.add(node.op.dim);
    for (const dim of node.outputs.flatMap((value) => graph.types[value]?.shape ?? [])) {
      if (typeof dim === "string" && !known.has(dim))
        problem(`the size "${dim}" of ${node.op.kind} comes from no input`);
    }
  }
}

/**
 * A buffer that an output replaces is overwritten in place, so each of its readers must run before the writer: be an
 * ancestor of the written value, or its producer, which must take the element that it replaces (elementwise, gemm's c, scatterAddRows' base).
 */
function checkUpdates(graph: Graph, problem: (message: string) => never): void {
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((value) => [value, node] as const)));
  for (const output of graph.outputs) {
    if (output.into === undefined) continue;
    const input = graph.inputs.find(({ name, source }) => name === output.into && source === "buffer");
    if (!input) continue;
    const [from, to] = [graph.types[input.value], graph.types[output.value]];
    if (!from || !to || !sameShape(from.shape, to.shape)) problem(`"${output.into}" would change its shape`);
    if (!producer.has(output.value)) problem(`"${output.into}" would be replaced by an input`);
    const before = ancestors(output.value, producer);
    const late = graph.nodes.find((node) => node.inputs.includes(input.value) && !before.has(node));
    if (late) problem(`${late.op.kind} reads "${output.into}", which may have been replaced by then`);
  }
}

function ancestors(value: ValueId, producer: ReadonlyMap<ValueId, Node>): Set<Node> {
  const found = new Set<Node>();
  const open = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const node = producer.get(next);
    if (!node || found.has(node)) continue;
    found.add(node);
    open.push(...node.inputs);
  }
  return found;
}
