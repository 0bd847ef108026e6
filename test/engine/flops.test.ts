import { describe, expect, it } from "vitest";
import { GraphBuilder } from "#worker/graph/builder.ts";
import { flopsOf } from "#worker/graph/flops.ts";
import { modelFromConfig } from "#worker/models/folder.ts";
import { layOut } from "#worker/models/layout.ts";
import { lossGraph, sizesOf } from "#worker/train/loss-graph.ts";

const config = {
  model_type: "llama",
  vocab_size: 50,
  hidden_size: 16,
  intermediate_size: 40,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  tie_word_embeddings: true,
};

describe("floating point operations of a graph", () => {
  it("are two for each product of a matrix multiplication, with sizes known when it runs", () => {
    const b = new GraphBuilder("product");
    const x = b.feed("x", { dtype: "f32", shape: ["tokens", 8] });
    b.output("y", b.gemm(x, b.buffer("w", [32, 8]), { transB: true }));
    expect(flopsOf(b.finish(), { dims: { tokens: 10 }, pairs: {} })).toBe(2 * 10 * 8 * 32);
  });

  it("count a model's evaluation as a hand does", () => {
    const model = modelFromConfig(config);
    const labels = Int32Array.from([-100, -100, 3, 4, -100, 5]);
    const batch = {
      ids: Int32Array.from([1, 2, 3, 4, 5, 6]),
      positions: Int32Array.from([0, 1, 2, 3, 4, 5]),
      documents: Int32Array.from([0, 6]),
      labels,
      weights: Float32Array.from(labels, (label) => (label < 0 ? 0 : 1)),
    };
    const layout = layOut(batch, model.config);
    const [tokens, scored, hidden, keys, middle, vocabulary] = [6, 3, 16, 8, 40, 50];
    const linear = 2 * tokens * hidden * keys * 2 + 2 * scored * (2 * hidden * hidden + 3 * hidden * middle);
    // the only layer is the last: its queries are those of the scored rows, each chunk of which sees all six keys
    const attention = 4 * scored * tokens * hidden;
    const loss = 2 * scored * hidden * vocabulary;
    expect(flopsOf(lossGraph({ model, trained: [] }), sizesOf(layout))).toBe(linear + attention + loss);
  });
});
