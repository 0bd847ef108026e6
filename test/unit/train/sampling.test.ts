import { describe, expect, test } from "vitest";
import { sampleToken } from "#worker/generate/sampling.ts";
import { randomStream } from "#worker/train/random.ts";

const LOGITS = Float32Array.from([0, 2, 1, 2, -Infinity]);
const draws = (temperature: number, topP: number) => {
  const random = randomStream(1, "test");
  const counts = new Array<number>(LOGITS.length).fill(0);
  for (let i = 0; i < 20_000; i++) counts[sampleToken(LOGITS, { temperature, topP }, random)]! += 1;
  return counts.map((count) => count / 20_000);
};

describe("sampleToken", () => {
  test("temperature 0 takes the first of the largest", () => {
    expect(draws(0, 1)).toEqual([0, 1, 0, 0, 0]);
  });
  test("temperature 1 draws by the softmax", () => {
    const total = 1 + Math.E + 2 * Math.E ** 2;
    const expected = [1, Math.E ** 2, Math.E, Math.E ** 2, 0].map((weight) => weight / total);
    for (const [id, share] of draws(1, 1).entries()) expect(share).toBeCloseTo(expected[id] ?? 0, 1);
  });
  test("topP keeps the most likely until they reach it", () => {
    expect(draws(1, 0.7)[0]).toBe(0);
    expect(draws(1, 0.7)[2]).toBe(0);
  });
});
