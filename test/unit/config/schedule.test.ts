import { describe, expect, test } from "vitest";
import { learningRateFactor, planSteps } from "#shared/config/index.ts";

const BASE = {
  per_device_train_batch_size: 2,
  gradient_accumulation_steps: 2,
  num_train_epochs: 3,
  max_steps: null,
  warmup_steps: null,
  warmup_ratio: 0.03,
};

describe("planSteps", () => {
  test("the last step of an epoch takes what is left", () => {
    expect(planSteps(9, BASE)).toEqual({ stepsPerEpoch: 3, totalSteps: 9, warmupSteps: 1 });
  });
  test("fractions of an epoch round up, max_steps overrides", () => {
    expect(planSteps(9, { ...BASE, num_train_epochs: 0.5 }).totalSteps).toBe(2);
    expect(planSteps(9, { ...BASE, max_steps: 100, warmup_steps: 0 })).toMatchObject({
      totalSteps: 100,
      warmupSteps: 0,
    });
  });
});

describe("learningRateFactor", () => {
  const plan = { totalSteps: 20, warmupSteps: 2 };
  test("the first step of a warm-up has rate 0", () => {
    expect([0, 1, 2].map((k) => learningRateFactor(k, "constant", plan))).toEqual([0, 0.5, 1]);
  });
  test("linear and cosine end just above zero", () => {
    expect(learningRateFactor(11, "linear", plan)).toBe(0.5);
    expect(learningRateFactor(11, "cosine", plan)).toBeCloseTo(0.5, 15);
    expect(learningRateFactor(19, "linear", plan)).toBe(1 / 18);
  });
});
