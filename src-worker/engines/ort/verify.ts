import { SiftError } from "#shared/errors.ts";
import type { OnnxGraph, OnnxNode } from "./onnx.ts";

/**
 * Refuses what onnxruntime is known to compute wrongly: ScatterND(reduction=add) loses updates on repeated indices with two
 * threads or more (errors of 4.0, different in every run). ScatterElements is right.
 */
export function verifyOnnx(graph: OnnxGraph): OnnxGraph {
  for (const node of graph.nodes) verifyNode(node);
  return graph;
}

function verifyNode(node: OnnxNode): void {
  const attributes = node.attributes ?? {};
  const reduction = attributes["reduction"];
  if (node.op === "ScatterND" && reduction && "string" in reduction && reduction.string !== "none") {
    throw new SiftError("graph-unsafe", `ScatterND(reduction=${reduction.string}) loses updates on repeated indices`, {
      where: { what: "ScatterND" },
      remedy: "use ScatterElements(axis=0)",
    });
  }
  for (const attribute of Object.values(attributes)) if ("graph" in attribute) verifyOnnx(attribute.graph);
}
