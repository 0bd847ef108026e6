import type { Graph, Node, ValueId } from "./ops.ts";
import { formatType } from "./shapes.ts";

/** Attributes of an operation as `name=value`, in the order in which the union declares them. */
function attributes({ op }: Node): string {
  const shown = Object.entries(op).filter(([name, value]) => name !== "kind" && value !== false);
  const one = (value: unknown): string => {
    if (Array.isArray(value)) return value.length > 4 ? `[${value.length} values]` : `[${value.join(", ")}]`;
    return JSON.stringify(value);
  };
  return shown
    .flatMap(([name, value]) => (typeof value === "object" && !Array.isArray(value) ? [] : [` ${name}=${one(value)}`]))
    .join("");
}

/**
 * A graph as text, one node a line, for people and for tests that pin it:
 * `%3: f32[tokens, 64] = gemm(%0, %1) transB=true alpha=1`.
 */
export function printGraph(graph: Graph): string {
  const name = (value: ValueId): string => `%${value}`;
  const typed = (value: ValueId): string => {
    const type = graph.types[value];
    return `${name(value)}: ${type ? formatType(type) : "?"}`;
  };
  const inputs = graph.inputs.map((input) => `  ${input.source} ${typed(input.value)} = "${input.name}"`);
  const nodes = graph.nodes.map(
    (node) =>
      `  ${node.outputs.map(typed).join(", ")} = ${node.op.kind}(${node.inputs.map(name).join(", ")})${attributes(node)}`,
  );
  const outputs = graph.outputs.map(
    (output) =>
      `  return ${name(output.value)} as "${output.name}"${output.into === undefined ? "" : ` into "${output.into}"`}`,
  );
  return [`graph ${graph.name} {`, ...inputs, ...nodes, ...outputs, "}"].join("\n");
}
