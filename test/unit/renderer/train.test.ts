import { describe, expect, it } from "vitest";
import { spread } from "#renderer/views/train/spread.ts";
import { parseInput, writtenValue } from "#renderer/views/train/values.ts";

describe("parseInput", () => {
  it("reads numbers as people write them", () => {
    expect(parseInput("number", "2e-4")).toEqual({ ok: true, value: 2e-4 });
    expect(parseInput("integer", " 512 ")).toEqual({ ok: true, value: 512 });
    expect(parseInput("number", "fast")).toEqual({ ok: false });
  });

  it("takes nothing as the default, and lists by comma", () => {
    expect(parseInput("number", " ")).toEqual({ ok: true, value: undefined });
    expect(parseInput("list", "q_proj, v_proj,")).toEqual({ ok: true, value: ["q_proj", "v_proj"] });
  });

  it("reads back what it writes", () => {
    for (const value of [2e-5, 1, 0.05]) expect(parseInput("number", writtenValue(value))).toEqual({ ok: true, value });
    expect(parseInput("list", writtenValue(["a", "b"]))).toEqual({ ok: true, value: ["a", "b"] });
  });
});

describe("spread", () => {
  it("gives three different rows of the dataset for every draw", () => {
    for (let draw = 0; draw < 50; draw += 1) {
      const rows = spread(267, draw);
      expect(new Set(rows).size).toBe(3);
      expect(rows.every((row) => Number.isInteger(row) && row >= 0 && row < 267)).toBe(true);
    }
    expect(spread(267, 1)).not.toEqual(spread(267, 0));
  });

  it("gives what there is of a tiny dataset", () => {
    expect(spread(0, 0)).toEqual([]);
    expect(spread(2, 3)).toEqual([0, 1]);
  });
});
