import { describe, expect, test } from "vitest";
import { layRows } from "#worker/train/batches.ts";
import { randomStream, shuffled } from "#worker/train/random.ts";
import { Sampler } from "#worker/train/sampler.ts";

const SETTINGS = { packing: false, maxLength: 10, shuffle: true, seed: 1, batchSize: 2, accumulation: 2 };
const LENGTHS = Array.from({ length: 9 }, (_, row) => 3 + (row % 3));

describe("random streams", () => {
  test("repeat by seed and name, and differ by either", () => {
    const draw = (...names: (string | number)[]) => Array.from({ length: 3 }, randomStream(1, ...names));
    expect(draw("order", 0)).toEqual(draw("order", 0));
    expect(draw("order", 0)).not.toEqual(draw("order", 1));
    expect(draw("order", 0)).not.toEqual(draw("dropout", 0));
  });
  test("are uniform: mean and buckets of 100,000 draws", () => {
    const random = randomStream(7, "uniform");
    const buckets = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) buckets[Math.floor(random() * 10)]! += 1;
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
  test("every order of three is as likely as any other", () => {
    const random = randomStream(3, "shuffle");
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffled([1, 2, 3], random).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe("Sampler", () => {
  test("an epoch takes every row once; the last step takes what is left", () => {
    const sampler = new Sampler(LENGTHS, SETTINGS);
    expect(sampler.stepsPerEpoch).toBe(3);
    const epoch = [0, 1, 2].map((step) => sampler.step(step).microBatches);
    expect(epoch.map((micro) => micro.map((rows) => rows.length))).toEqual([[2, 2], [2, 2], [1]]); // prettier-ignore
    expect(epoch.flat(2).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(sampler.step(3).epoch).toBe(1);
    expect(sampler.step(3).microBatches).not.toEqual(epoch[0]);
  });
  test("any step is found without the ones before", () => {
    const wanted = new Sampler(LENGTHS, SETTINGS).step(7);
    const walked = new Sampler(LENGTHS, SETTINGS);
    for (let step = 0; step < 7; step++) walked.step(step);
    expect(walked.step(7)).toEqual(wanted);
  });
  test("without shuffling the file's order, packed or not", () => {
    const plain = new Sampler(LENGTHS, { ...SETTINGS, shuffle: false });
    expect(plain.step(0).microBatches).toEqual([[0, 1], [2, 3]]); // prettier-ignore
    const packed = new Sampler(LENGTHS, { ...SETTINGS, shuffle: false, packing: true, batchSize: 1 });
    expect(packed.units).toEqual([[0, 1], [2, 3], [4, 5], [6, 7], [8]]); // prettier-ignore
  });
  test("packed blocks are as many in every epoch, and never too long", () => {
    const packed = new Sampler(LENGTHS, { ...SETTINGS, packing: true });
    for (const unit of packed.units)
      expect(unit.reduce((sum, row) => sum + (LENGTHS[row] ?? 0), 0)).toBeLessThanOrEqual(10);
    expect(packed.step(packed.stepsPerEpoch).epoch).toBe(1);
  });
});

describe("layRows", () => {
  const rows = [
    { ids: Int32Array.of(5, 6, 7), labels: Int32Array.of(-100, 6, 7), weights: Float32Array.of(0, 1, 0.5) },
    { ids: Int32Array.of(8, 9), labels: Int32Array.of(8, 9), weights: Float32Array.of(1, 0) },
  ];
  test("end to end, positions restart, labels and weights shifted within each row", () => {
    const { batch, supervisedTokens } = layRows({ read: (row) => rows[row] ?? rows[0]! }, [0, 1]);
    expect([...batch.ids]).toEqual([5, 6, 7, 8, 9]);
    expect([...batch.positions]).toEqual([0, 1, 2, 0, 1]);
    expect([...batch.documents]).toEqual([0, 3, 5]);
    expect([...batch.labels]).toEqual([6, 7, -100, 9, -100]);
    expect([...batch.weights]).toEqual([1, 0.5, 0, 0, 0]);
    expect(supervisedTokens).toBe(2);
  });
});
