import { describe, expect, it } from "vitest";
import { alignSeries, smooth } from "#renderer/charts/series.ts";

describe("alignSeries", () => {
  it("puts series with different steps on one axis and leaves gaps", () => {
    const data = alignSeries([
      { name: "loss", x: [1, 2, 3], y: [3, 2, 1] },
      { name: "eval", x: [2, 4], y: [2.5, 1.5] },
    ]);
    expect(data).toEqual([
      [1, 2, 3, 4],
      [3, 2, 1, null],
      [null, 2.5, null, 1.5],
    ]);
  });

  it("shows a value that is not finite as a gap, never as another number", () => {
    expect(alignSeries([{ name: "loss", x: [1, 2, 3], y: [1, Number.NaN, Infinity] }])[1]).toEqual([1, null, null]);
  });
});

describe("smooth", () => {
  it("is the identity at weight 0 and keeps a constant at any weight", () => {
    expect(smooth([3, 1, 2], 0)).toEqual([3, 1, 2]);
    for (const value of smooth([4, 4, 4, 4], 0.9)) expect(value).toBeCloseTo(4, 12);
  });

  it("equals the weighted mean with weights w^(n-i)", () => {
    const values = [5, 1, 4, 2];
    const weight = 0.6;
    const powers = values.map((_, i) => weight ** (values.length - 1 - i));
    const total = powers.reduce((a, b) => a + b, 0);
    const mean = values.reduce((sum, value, i) => sum + value * (powers[i] ?? 0), 0) / total;
    expect(smooth(values, weight).at(-1)).toBeCloseTo(mean, 12);
  });

  it("passes over NaN without spreading it", () => {
    expect(smooth([2, Number.NaN, 2], 0.5)[2]).toBeCloseTo(2, 12);
  });
});
