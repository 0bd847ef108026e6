import { describe, expect, it } from "vitest";
import type { RunEvent } from "#shared/contract/runs.ts";
import { foldEvent, noMetrics, notFinite, rates } from "#renderer/views/runs/fold.ts";

const step = (step: number, loss: number): RunEvent["event"] => ({
  type: "step",
  step,
  epoch: step / 10,
  loss,
  gradNorm: 1,
  learningRate: 1e-4,
  tokens: 100,
  supervisedTokens: 20,
  stepSeconds: 0.5,
  peakMemoryBytes: 1,
});
const totals = (startStep: number): RunEvent["event"] => ({
  type: "totals",
  totalParameters: 10,
  trainableParameters: 1,
  totalSteps: 10,
  stepsPerEpoch: 10,
  startStep,
  trainRows: 5,
  evalRows: 1,
});
const evaluation = (step: number): RunEvent["event"] => ({
  type: "evaluation",
  step,
  evalLoss: step,
  supervisedTokens: 3,
});

function fold(events: readonly RunEvent["event"][]) {
  const metrics = noMetrics();
  events.forEach((event, sequence) => foldEvent(metrics, { sequence, time: 0, event }));
  return metrics;
}

describe("foldEvent", () => {
  it("keeps every column of a step in step", () => {
    const metrics = fold([totals(0), step(1, 3), step(2, 2.5), evaluation(2)]);
    expect(metrics.step).toEqual([1, 2]);
    expect(metrics.loss).toEqual([3, 2.5]);
    expect(metrics.evalStep).toEqual([2]);
    expect(new Set([metrics.tokens, metrics.gradNorm, metrics.stepSeconds].map((column) => column.length))).toEqual(
      new Set([2]),
    );
  });

  it("takes back what a resumed run trains again", () => {
    const metrics = fold([totals(0), step(1, 3), evaluation(1), step(2, 2), evaluation(2), totals(1), step(2, 1.9)]);
    expect(metrics.step).toEqual([1, 2]);
    expect(metrics.loss).toEqual([3, 1.9]);
    expect(metrics.evalStep).toEqual([1]);
  });
});

describe("notFinite", () => {
  it("names the first bad step and counts them all", () => {
    expect(notFinite(fold([step(1, 3), step(2, NaN), step(3, Infinity)]))).toEqual({ count: 2, step: 2, value: NaN });
    expect(notFinite(fold([step(1, 3)]))).toBeUndefined();
  });
});

describe("rates", () => {
  it("is tokens over seconds of a window", () => {
    expect(rates([100, 100, 400], [1, 1, 2], 2)).toEqual([100, 100, 500 / 3]);
  });
});
