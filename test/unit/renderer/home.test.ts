import { describe, expect, it } from "vitest";
import { fittingParameters, stepsDone } from "#renderer/views/home/steps.ts";

describe("the next undone step", () => {
  it("goes import, check, train, compare", () => {
    expect(stepsDone({ datasets: 0, proven: false, doneRuns: 0 })).toEqual([]);
    expect(stepsDone({ datasets: 1, proven: false, doneRuns: 0 })).toEqual(["import"]);
    expect(stepsDone({ datasets: 1, proven: true, doneRuns: 0 })).toEqual(["import", "check"]);
    expect(stepsDone({ datasets: 1, proven: false, doneRuns: 1 })).toEqual(["import", "check", "train"]);
  });
});

describe("fittingParameters", () => {
  it("grows with free memory and says nothing when there is little", () => {
    expect(fittingParameters(2e9)).toBeUndefined();
    const small = fittingParameters(8e9) ?? 0;
    expect(fittingParameters(16e9)).toBeGreaterThan(small);
    expect(small * 4).toBeLessThan(8e9);
  });
});
