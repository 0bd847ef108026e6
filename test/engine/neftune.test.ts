import { join } from "node:path";
import { expect, test } from "vitest";
import { EMBEDDING } from "#worker/models/parameters.ts";
import { loadModel } from "#worker/models/folder.ts";
import { layOut } from "#worker/models/layout.ts";
import { lossFeeds, lossGraph } from "#worker/train/loss-graph.ts";
import { putModel } from "#worker/train/load.ts";
import { openEngine } from "#worker/open-engine.ts";
import { repositoryRoot } from "../shared.ts";

/** Every token once, so that noise on a position is noise on a row of the table; the head is another table. */
test("noise on the embeddings is as if the table itself had it", async () => {
  const model = loadModel(join(repositoryRoot, "test", "oracles", "training", "llama", "model"));
  expect(model.config.tied).toBe(false);
  const { hiddenSize } = model.config;
  const ids = Int32Array.from({ length: 12 }, (_, i) => 3 + 2 * i);
  const noise = Float32Array.from({ length: 12 * hiddenSize }, (_, i) => 0.01 * Math.sin(i));
  const placeOf = (i: number): number => (ids[Math.floor(i / hiddenSize)] ?? 0) * hiddenSize + (i % hiddenSize);
  const batch = {
    ids,
    positions: ids.map((_, i) => i),
    documents: Int32Array.of(0, 12),
    labels: ids.map((id) => id + 1),
    weights: new Float32Array(12).fill(1),
  };
  const layout = layOut(batch, model.config);
  const loss = async (noisy: boolean) => {
    const engine = openEngine({ engine: "auto", device: "auto", threads: 1 });
    putModel(engine, model, { seed: 0 });
    if (!noisy)
      engine.load(EMBEDDING, (table) => noise.forEach((x, i) => (table[placeOf(i)] = (table[placeOf(i)] ?? 0) + x)));
    const program = await engine.compile(lossGraph({ model, trained: [], noise: noisy }));
    const outputs = await program.run(lossFeeds(noisy ? { ...batch, noise } : batch, layout, 12));
    await engine.dispose();
    return outputs["loss"]?.data[0] ?? NaN;
  };
  expect(await loss(true)).toBeCloseTo(await loss(false), 5);
});
