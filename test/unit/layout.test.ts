import { expect, test } from "vitest";
import { causalChunks, layOut, QUERIES_PER_CHUNK, type MicroBatch } from "#worker/models/layout.ts";
import { decays } from "#worker/train/adamw.ts";

/** Documents of these lengths; `scored` are positions of the whole. */
function batch(lengths: readonly number[], scored: readonly number[]): MicroBatch {
  const documents = [0];
  for (const length of lengths) documents.push((documents.at(-1) ?? 0) + length);
  const tokens = documents.at(-1) ?? 0;
  const labels = Int32Array.from({ length: tokens }, (_, i) => (scored.includes(i) ? i : -100));
  return {
    ids: Int32Array.from({ length: tokens }, (_, i) => i),
    positions: Int32Array.from(lengths.flatMap((length) => [...Array(length).keys()])),
    documents: Int32Array.from(documents),
    labels,
    weights: Float32Array.from(labels, (label) => (label < 0 ? 0 : 0.5)),
  };
}

const table = (chunks: Int32Array): number[][] =>
  Array.from({ length: chunks.length / 4 }, (_, i) => [...chunks.subarray(4 * i, 4 * i + 4)]);

test("every document is a chunk, a long one several, and keys never reach over a border", () => {
  const long = QUERIES_PER_CHUNK + 10;
  const { chunks } = layOut(batch([5, long], []), { vocabularySize: 1000 });
  expect(table(chunks)).toEqual([
    [0, 5, 0, 5],
    [5, 5 + QUERIES_PER_CHUNK, 5, 5 + QUERIES_PER_CHUNK],
    [5 + QUERIES_PER_CHUNK, 5 + long, 5, 5 + long],
  ]);
});

test("scored rows are numbered among themselves and see keys up to their own", () => {
  const { rows, targets, rowChunks, scored, weightSum } = layOut(batch([4, 3, 5], [1, 2, 8, 10]), {
    vocabularySize: 1000,
  });
  expect([...rows]).toEqual([1, 2, 8, 10]);
  expect([...targets]).toEqual([1, 2, 8, 10]);
  // the second document scores nothing and has no chunk
  expect(table(rowChunks)).toEqual([
    [0, 2, 0, 3],
    [2, 4, 7, 11],
  ]);
  expect({ scored, weightSum }).toEqual({ scored: 4, weightSum: 2 });
});

test("a target of weight 0 is not scored", () => {
  const one = batch([4], [1, 2]);
  expect([...layOut({ ...one, weights: Float32Array.of(0, 0, 1, 0) }, { vocabularySize: 1000 }).rows]).toEqual([2]);
});

test("new tokens see all that came before them", () => {
  expect(table(causalChunks(7, 1))).toEqual([[0, 1, 0, 8]]);
  expect(table(causalChunks(3, QUERIES_PER_CHUNK + 1))).toEqual([
    [0, QUERIES_PER_CHUNK, 0, 3 + QUERIES_PER_CHUNK],
    [QUERIES_PER_CHUNK, QUERIES_PER_CHUNK + 1, 0, 4 + QUERIES_PER_CHUNK],
  ]);
});

test("biases and norms do not decay, embeddings and adapters do", () => {
  const kept = [
    "model.norm.weight",
    "model.layers.0.input_layernorm.weight",
    "model.layers.0.self_attn.q_norm.weight",
    "x.q_proj.bias",
  ];
  const decayed = [
    "model.embed_tokens.weight",
    "lm_head.weight",
    "base_model.model.model.layers.0.mlp.up_proj.lora_A.weight",
    "normal.weight",
  ];
  expect(kept.filter(decays)).toEqual([]);
  expect(decayed.filter(decays)).toEqual(decayed);
});
