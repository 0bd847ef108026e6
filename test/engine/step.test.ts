import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "../shared.ts";
import { batches, curve, DROPOUT, hashOf, newTrainer } from "./curve.ts";
import { microBatch } from "./training.ts";

const run = (): string => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(repositoryRoot, "test", "engine", "curve.ts")], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return stdout;
};

test("two processes with the same thread count make the same run, bit for bit", () => {
  const first = run();
  expect(first.trim().split("\n")).toHaveLength(3);
  expect(run()).toBe(first);
});

describe.each([
  ["full", { kind: "full" } as const, {}],
  ["LoRA with dropout", DROPOUT, {}],
  ["the last layer alone", { kind: "freeze", layers: 1 } as const, {}],
  ["DoRA with dropout and a saved head", { ...DROPOUT, dora: true, modulesToSave: ["lm_head", "norm"] }, {}],
  ["LoRA with dropout on 4 bits", DROPOUT, { bits: 4 }],
  ["DoRA on 8 bits", { ...DROPOUT, dropout: 0, dora: true }, { bits: 8 }],
] as const)("%s", (_, method, kind) => {
  test("a run that was stopped and restored goes on as if it had not been", async () => {
    const whole = await newTrainer(method, kind);
    const losses = await curve(whole, 0, 6);
    const stopped = await newTrainer(method, kind);
    await curve(stopped, 0, 3);
    const optimizer = stopped.exportOptimizer();
    const saved = new Map<string, Float32Array>();
    for (const tensor of [...stopped.exportWeights(), ...optimizer.tensors])
      saved.set(tensor.name, await tensor.read());
    const restored = await newTrainer(method, kind);
    const fill = (name: string, target: Float32Array): void => target.set(saved.get(name) ?? []);
    restored.importWeights(fill);
    restored.importOptimizer({ steps: optimizer.updates, updates: optimizer.updates }, fill);
    expect(await curve(restored, 3, 6)).toEqual(losses.slice(3));
    expect(await hashOf(restored)).toBe(await hashOf(whole));
  });

  test("layers that are computed again in the backward pass give the same bits", async () => {
    const kept = await newTrainer(method, kind);
    const again = await newTrainer(method, { ...kind, recompute: true });
    expect(await curve(again, 0, 3)).toEqual(await curve(kept, 0, 3));
    expect(await hashOf(again)).toBe(await hashOf(kept));
  });

  test("an evaluation in between changes nothing", async () => {
    const plain = await newTrainer(method, kind);
    const watched = await newTrainer(method, kind);
    await curve(plain, 0, 2);
    await curve(watched, 0, 1);
    const first = await watched.evaluate(batches[0] ?? []);
    expect(await watched.evaluate(batches[0] ?? [])).toEqual(first);
    await curve(watched, 1, 2);
    expect(await hashOf(watched)).toBe(await hashOf(plain));
  });
});

test("weights of tokens enter a step's loss as fractions of their sum, zeros not at all", async () => {
  const rows = [
    { input_ids: [1, 5, 9, 2], weights: [0.25, 0, 1.5] },
    { input_ids: [1, 7, 2], weights: [0, 1] },
  ];
  const trainer = await newTrainer({ kind: "full" });
  let [weighted, total] = [0, 0];
  for (const { input_ids: ids, weights } of rows) {
    for (const [index, weight] of weights.entries()) {
      // the loss of one token alone: the only label of its row
      const labels = ids.map((id, i) => (i === index + 1 ? id : -100));
      weighted += weight * (await trainer.evaluate([microBatch([{ input_ids: ids, labels }])])).lossSum;
      total += weight;
    }
  }
  const batchOf = (group: typeof rows) => {
    const batch = microBatch(group.map(({ input_ids: ids }) => ({ input_ids: ids, labels: ids })));
    return { ...batch, weights: Float32Array.from(group.flatMap(({ weights }) => [...weights, 0])) };
  };
  const apart = await trainer.step(
    rows.map((row) => batchOf([row])),
    0,
  );
  const together = await trainer.step([batchOf(rows)], 0);
  expect(total).toBe(2.75);
  for (const { loss, supervised } of [apart, together]) {
    expect(Math.abs(loss - weighted / total)).toBeLessThan(1e-5);
    expect(supervised).toBe(3);
  }
});

test("parameters are counted once where they are tied, and adapters on top", async () => {
  const { total } = (await newTrainer({ kind: "full" })).parameterCounts();
  // embedding 64·48; a layer: q, o 48·48, k, v 24·48, biases 48 + 24 + 24, mlp 3·80·48, two norms; the final norm
  const layer = 2 * 48 * 48 + 2 * 24 * 48 + 96 + 3 * 80 * 48 + 96;
  expect(total).toBe(64 * 48 + 2 * layer + 48);
  const adapted = 4 * (96 + 72 + 72 + 96 + 128 + 128 + 128);
  expect((await newTrainer(DROPOUT)).parameterCounts()).toEqual({ total: total + 2 * adapted, trainable: 2 * adapted });
});

test("a seed draws the same weights, another one others; B starts at zero", async () => {
  const [same, again, other] = [
    await newTrainer(DROPOUT),
    await newTrainer(DROPOUT),
    await newTrainer(DROPOUT, { seed: 6 }),
  ];
  expect(await hashOf(same)).toBe(await hashOf(again));
  expect(await hashOf(same)).not.toBe(await hashOf(other));
  for (const tensor of same.exportWeights()) {
    const values = await tensor.read();
    const largest = Math.max(...values.map(Math.abs));
    if (tensor.name.endsWith("lora_B.weight")) expect(largest).toBe(0);
    else expect(largest).toBeLessThanOrEqual(1 / Math.sqrt(tensor.shape[1] ?? 0));
  }
});

test("dropout changes the loss that is trained and not the one that is evaluated", async () => {
  const none = await newTrainer({ ...DROPOUT, dropout: 0 });
  const some = await newTrainer(DROPOUT);
  for (const trainer of [none, some])
    trainer.importWeights((name, target) => void target.fill(name.endsWith("A.weight") ? 0.01 : 0.1));
  expect(await some.evaluate(batches[0] ?? [])).toEqual(await none.evaluate(batches[0] ?? []));
  expect((await some.step(batches[0] ?? [], 0)).loss).not.toBe((await none.step(batches[0] ?? [], 0)).loss);
});

test("input that cannot be trained is refused and nothing moves", async () => {
  const trainer = await newTrainer({ kind: "full" });
  const before = await hashOf(trainer);
  const ids = [1, 5, 2];
  const batch = (row: number[], labels = row) => [microBatch([{ input_ids: row, labels }])];
  await expect(trainer.step(batch(ids, [-100, -100, -100]), 1)).rejects.toMatchObject({ code: "step-unscored" });
  await expect(trainer.step(batch([1, 64, 2]), 1)).rejects.toMatchObject({ code: "micro-batch" });
  const [one] = batch(ids);
  if (one)
    await expect(trainer.step([{ ...one, documents: Int32Array.of(0, 2) }], 1)).rejects.toMatchObject({
      code: "micro-batch",
    });
  expect(await hashOf(trainer)).toBe(before);
});
