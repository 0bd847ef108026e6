import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { learningRateFactor, planSteps, requireConfig, resolveConfig } from "#shared/config/index.ts";
import type { SchedulerType } from "#shared/config/schedule-options.ts";
import { repositoryRoot } from "../../shared.ts";

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

const settings = (type: SchedulerType, options: string | null = null) => ({
  learning_rate: 3e-4,
  lr_scheduler_type: type,
  lr_scheduler_kwargs: options,
});

interface Oracle {
  readonly learning_rate: number;
  readonly cases: {
    type: SchedulerType;
    warmup: number;
    total: number;
    options: Record<string, unknown>;
    rates: number[];
  }[];
}
/** Made by scripts/make-schedule-oracles.py. */
const oracle = JSON.parse(
  readFileSync(join(repositoryRoot, "test", "oracles", "config", "schedules.json"), "utf8"),
) as Oracle;

describe("learningRateFactor", () => {
  const plan = { totalSteps: 20, warmupSteps: 2 };
  test("the first step of a warm-up has rate 0", () => {
    expect([0, 1, 2].map((k) => learningRateFactor(k, settings("constant"), plan))).toEqual([0, 0.5, 1]);
  });
  test("linear and cosine end just above zero", () => {
    expect(learningRateFactor(11, settings("linear"), plan)).toBe(0.5);
    expect(learningRateFactor(11, settings("cosine"), plan)).toBeCloseTo(0.5, 15);
    expect(learningRateFactor(19, settings("linear"), plan)).toBe(1 / 18);
  });
  test.each(oracle.cases)("$type with $warmup of $total and $options: transformers' rates", (each) => {
    const chosen = settings(each.type, JSON.stringify(each.options));
    const phases = { totalSteps: each.total, warmupSteps: each.warmup };
    for (const [step, rate] of each.rates.entries()) {
      expect(oracle.learning_rate * learningRateFactor(step, chosen, phases)).toBeCloseTo(rate, 18);
    }
  });
  test("without options, warmup_stable_decay falls over the last fifth", () => {
    const factors = [15, 16, 18, 20].map((k) => learningRateFactor(k, settings("warmup_stable_decay"), plan));
    expect(factors.map((factor) => Number(factor.toFixed(12)))).toEqual([1, 1, 0.5, 0]);
  });
});

describe("lr_scheduler_kwargs", () => {
  const resolve = (values: Record<string, unknown>) =>
    resolveConfig([
      { source: "file", values: { model_name_or_path: "m", train_files: "t", output_dir: "o", ...values } },
    ]);
  const messages = (values: Record<string, unknown>) => resolve(values).problems.map(({ message }) => message);
  test("a mapping, JSON and pairs mean the same", () => {
    const written = [{ min_lr_rate: 0.2 }, '{"min_lr_rate": 0.2}', "min_lr_rate=0.2", "{min_lr_rate: 0.2}"];
    for (const lr_scheduler_kwargs of written) {
      const config = requireConfig(resolve({ lr_scheduler_type: "cosine_with_min_lr", lr_scheduler_kwargs }));
      expect(config.lr_scheduler_kwargs).toBe('{"min_lr_rate":0.2}');
    }
  });
  test("a cosine with a floor has one by default", () => {
    expect(requireConfig(resolve({ lr_scheduler_type: "cosine_with_min_lr" })).lr_scheduler_kwargs).toBe(
      '{"min_lr_rate":0.1}',
    );
    expect(requireConfig(resolve({})).lr_scheduler_kwargs).toBeNull();
  });
  test("what a schedule does not read is refused by name", () => {
    expect(messages({ lr_scheduler_kwargs: { min_lr: 1e-5 } })).toEqual([
      "lr_scheduler_type: cosine does not take min_lr",
    ]);
    expect(messages({ lr_scheduler_kwargs: { power: 2 } })).toEqual([
      expect.stringContaining("options of the schedule"),
    ]);
    const both = { lr_scheduler_type: "cosine_with_min_lr", lr_scheduler_kwargs: { min_lr: 1e-5, min_lr_rate: 0.1 } };
    expect(messages(both)).toEqual([expect.stringContaining("one of min_lr and min_lr_rate")]);
  });
});
