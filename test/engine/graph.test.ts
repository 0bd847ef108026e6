import { describe, expect, test } from "vitest";
import { SiftError } from "#shared/errors.ts";
import { verifyOnnx } from "#worker/engines/ort/verify.ts";
import { GraphBuilder } from "#worker/graph/builder.ts";
import { gradients } from "#worker/graph/gradients.ts";
import type { Graph, ValueId } from "#worker/graph/ops.ts";
import { optimize } from "#worker/graph/passes.ts";
import { printGraph } from "#worker/graph/print.ts";
import { inferShapes } from "#worker/graph/shapes.ts";
import { verify } from "#worker/graph/verify.ts";

/** A linear layer trained by a squared loss, its gradient added to a buffer. */
function squaredLoss(): Graph {
  const b = new GraphBuilder("squared");
  const x = b.feed("x", { dtype: "f32", shape: ["rows", 3] });
  const weight = b.buffer("weight", [2, 3]);
  const y = b.gemm(x, weight, { transB: true });
  const loss = b.sum(b.mul(y, y), [0, 1]);
  b.output("loss", loss);
  const [gradient = -1] = gradients(b, loss, [weight]);
  b.output("gradient", b.add(b.buffer("gradient", [2, 3]), gradient), "gradient");
  return b.finish();
}

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return error instanceof SiftError ? `${error.code}: ${error.message}` : String(error);
  }
  return "nothing thrown";
};

test("the printer shows a graph as text, one node a line", () => {
  expect(printGraph(squaredLoss())).toMatchInlineSnapshot(`
    "graph squared {
      feed %0: f32[rows, 3] = "x"
      buffer %1: f32[2, 3] = "weight"
      buffer %12: f32[2, 3] = "gradient"
      %2: f32[rows, 2] = gemm(%0, %1) transB=true alpha=1
      %3: f32[rows, 2] = mul(%2, %2)
      %4: f32[] = sum(%3) axes=[0, 1]
      %5: f32[] = constant() values=[1]
      %6: f32[1, 1] = reshape(%5) shape=[1, 1]
      %7: f32[rows, 2] = broadcastLike(%6, %3)
      %8: f32[rows, 2] = mul(%7, %2)
      %9: f32[rows, 2] = mul(%7, %2)
      %10: f32[rows, 2] = add(%8, %9)
      %11: f32[2, 3] = gemm(%10, %0) transA=true alpha=1
      %13: f32[2, 3] = add(%12, %11)
      return %4 as "loss"
      return %13 as "gradient" into "gradient"
    }"
  `);
});

test("the passes fold the sum of a product into it and drop what nobody uses", () => {
  expect(printGraph(optimize(squaredLoss()))).toMatchInlineSnapshot(`
    "graph squared {
      feed %0: f32[rows, 3] = "x"
      buffer %1: f32[2, 3] = "weight"
      buffer %12: f32[2, 3] = "gradient"
      %2: f32[rows, 2] = gemm(%0, %1) transB=true alpha=1
      %3: f32[rows, 2] = mul(%2, %2)
      %4: f32[] = sum(%3) axes=[0, 1]
      %5: f32[] = constant() values=[1]
      %6: f32[1, 1] = reshape(%5) shape=[1, 1]
      %7: f32[rows, 2] = broadcastLike(%6, %3)
      %8: f32[rows, 2] = mul(%7, %2)
      %9: f32[rows, 2] = mul(%7, %2)
      %10: f32[rows, 2] = add(%8, %9)
      %13: f32[2, 3] = gemm(%10, %0, %12) transA=true alpha=1
      return %4 as "loss"
      return %13 as "gradient" into "gradient"
    }"
  `);
});

test("a tied table's gradient is added to its buffer by the loss and the scatter alone", () => {
  const b = new GraphBuilder("language model");
  const table = b.buffer("table", [7, 3]);
  const ids = b.feed("ids", { dtype: "i32", shape: ["rows"] });
  const labels = b.feed("labels", { dtype: "i32", shape: ["rows"] });
  const weights = b.feed("weights", { dtype: "f32", shape: ["rows"] });
  const loss = b.crossEntropy({ hidden: b.gatherRows(table, ids), table, labels, weights }, { chunk: 4 });
  b.output("loss", loss);
  const [gradient = -1] = gradients(b, loss, [table]);
  b.output("gradient", b.add(b.buffer("gradient", [7, 3]), gradient), "gradient");
  expect(printGraph(optimize(b.finish()))).toMatchInlineSnapshot(`
    "graph language model {
      buffer %0: f32[7, 3] = "table"
      feed %1: i32[rows] = "ids"
      feed %2: i32[rows] = "labels"
      feed %3: f32[rows] = "weights"
      buffer %13: f32[7, 3] = "gradient"
      %4: f32[rows, 3] = gatherRows(%0, %1)
      %7: f32[], %8: f32[rows, 3], %12: f32[7, 3] = crossEntropyGrad(%4, %0, %2, %3, %13) chunk=4 table=true
      %14: f32[7, 3] = scatterAddRows(%12, %1, %8)
      return %7 as "loss"
      return %14 as "gradient" into "gradient"
    }"
  `);
});

describe("shape inference", () => {
  const f32 = (...shape: (number | string)[]) => ({ dtype: "f32" as const, shape });
  test("keeps symbols apart", () => {
    expect(inferShapes({ kind: "add" }, [f32("rows", 1, 4), f32(3, 1)])).toEqual([f32("rows", 3, 4)]);
    expect(codeOf(() => inferShapes({ kind: "add" }, [f32("rows"), f32("tokens")]))).toBe(
      "graph-shape: add expects shapes that broadcast, got f32[rows], f32[tokens]",
    );
  });
  test("says what was expected and what came", () => {
    const gemm = { kind: "gemm", transA: false, transB: false, alpha: 1 } as const;
    expect(codeOf(() => inferShapes(gemm, [f32("rows", 3), f32(4, 3)]))).toBe(
      "graph-shape: gemm expects equal inner dimensions, got f32[rows, 3], f32[4, 3]",
    );
    expect(codeOf(() => inferShapes({ kind: "reshape", shape: ["rows", 2] }, [f32("rows", 3)]))).toContain(
      "graph-shape",
    );
    expect(codeOf(() => inferShapes({ kind: "sqrt" }, []))).toBe(
      "graph-shape: sqrt expects at least 1 inputs, got nothing",
    );
  });
});

describe("the verifier refuses", () => {
  const graph = squaredLoss();
  const broken = (change: Partial<Graph>): string => codeOf(() => verify({ ...graph, ...change }));

  test("use before definition, and nodes in the wrong order", () => {
    expect(broken({ nodes: [...graph.nodes].reverse() })).toMatch(/graph-invalid: .* before it is defined/);
  });
  test("a type that is not what the operation makes", () => {
    const types = graph.types.map((type, value) => (value === 2 ? { ...type, shape: ["rows", 9] } : type));
    expect(broken({ types })).toMatch(/graph-invalid: .*gemm makes f32\[rows, 2\], declared as f32\[rows, 9\]/);
  });
  test("two inputs of one name, and an output that nothing computes", () => {
    const [first] = graph.inputs;
    expect(broken({ inputs: first ? [...graph.inputs, first] : [] })).toContain("used twice");
    expect(broken({ nodes: [] })).toContain("is not computed");
  });
  test("a buffer that is replaced before its last reader", () => {
    const b = new GraphBuilder("unsafe");
    const value = b.buffer("value", [3]);
    b.output("value", b.affine(value, 2), "value");
    b.output("late", b.sqrt(value));
    expect(codeOf(() => verify(b.finish()))).toContain('sqrt reads "value", which may have been replaced by then');
  });
  test("ScatterND with a reduction, inside loops too", () => {
    const scatter = {
      op: "ScatterND",
      inputs: ["a", "b", "c"],
      outputs: ["d"],
      attributes: { reduction: { string: "add" } },
    };
    const empty = { name: "g", initializers: {}, inputs: [], outputs: [] };
    const body = { graph: { ...empty, nodes: [scatter] } };
    const loop = { op: "Loop", inputs: [], outputs: [], attributes: { body } };
    expect(codeOf(() => verifyOnnx({ ...empty, nodes: [loop] }))).toContain("graph-unsafe");
    expect(verifyOnnx({ ...empty, nodes: [{ ...scatter, op: "ScatterElements" }] })).toBeDefined();
  });
});

describe("differentiation refuses", () => {
  const refused = (build: (b: GraphBuilder, x: ValueId) => ValueId): string => {
    const b = new GraphBuilder("refused");
    const x = b.feed("x", { dtype: "f32", shape: [2, 4] });
    return codeOf(() => gradients(b, build(b, x), [x]));
  };
  test("a value that the loss does not depend on", () => {
    expect(refused((b) => b.constant([1]))).toContain("no-gradient: the loss does not depend on value 0");
  });
  test("a second derivative", () => {
    const inner = refused((b, x) => b.emit({ kind: "gatedSiluGrad" }, [x, x, x])[0] ?? -1);
    expect(inner).toBe("no-gradient: gatedSiluGrad cannot be differentiated");
  });
});
