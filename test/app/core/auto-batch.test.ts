import { describe, expect, it } from "vitest";
import type { Measurement } from "#shared/contract/forecast.ts";
import { CONFIG_KEYS, resolveConfig } from "#shared/config/index.ts";
import { resumeDifferences } from "#shared/formats/checkpoint.ts";
import { chooseBatch, splitStep, unitsPerStep, withBatch } from "#main/core/runs/auto-batch.ts";

const measured = (secondsPerToken: number, peakMemoryBytes: number): Measurement => ({
  loadSeconds: 1,
  secondsPerToken,
  evaluationSecondsPerToken: 0.1,
  tokens: 100,
  peakMemoryBytes,
  checkpointBytes: 1,
  resultBytes: 1,
});
const entriesOf = (values: Record<string, unknown>) =>
  resolveConfig(
    [{ source: "flag", values: { model_name_or_path: "m", train_files: ["d"], output_dir: "o", ...values } }],
    { rows: 400 },
  ).entries;

describe("a batch that is chosen by measuring", () => {
  it.each([
    [10, 1],
    [99, 1],
    [100, 2],
    [250, 4],
    [1000, 16],
    [1_000_000, 16],
  ])("of %i units a pass takes %i a step", (units, perStep) => {
    expect(unitsPerStep(units)).toBe(perStep);
  });

  it("is laid together where that is faster, as far as memory goes", () => {
    const one = measured(0.01, 1e9);
    expect(splitStep(8, { one, two: measured(0.005, 1.5e9), free: 100e9 })).toEqual({ batchSize: 8, accumulation: 1 });
    expect(splitStep(8, { one, two: measured(0.005, 1.5e9), free: 3.5e9 })).toEqual({ batchSize: 4, accumulation: 2 });
    expect(splitStep(8, { one, two: measured(0.0099, 1.5e9), free: 100e9 })).toEqual({ batchSize: 1, accumulation: 8 });
    expect(splitStep(3, { one, two: undefined, free: 100e9 })).toEqual({ batchSize: 1, accumulation: 3 });
  });

  it("keeps the number of units a step that was asked for, and is split only", async () => {
    const sizes: number[] = [];
    const chosen = await chooseBatch({
      entries: entriesOf({ gradient_accumulation_steps: 4 }),
      units: 100_000,
      measure: (size) => {
        sizes.push(size);
        return Promise.resolve(measured(size === 1 ? 0.01 : 0.006, 1e6));
      },
    });
    expect(chosen).toEqual({ batchSize: 4, accumulation: 1 });
    expect(sizes).toEqual([1, 2]);
  });

  it("stands in the record in place of the question, so that the same run can be made again and resumed", () => {
    const entries = withBatch(entriesOf({ auto_find_batch_size: true }), { batchSize: 2, accumulation: 4 });
    const config = Object.fromEntries(entries.map(({ key, value }) => [key, value]));
    expect(config).toMatchObject({
      per_device_train_batch_size: 2,
      gradient_accumulation_steps: 4,
      auto_find_batch_size: false,
    });
    expect(entries.find(({ key }) => key === "gradient_accumulation_steps")).toMatchObject({ source: "flag" });
    const asked = Object.fromEntries(entriesOf({ auto_find_batch_size: true }).map(({ key, value }) => [key, value]));
    expect(resumeDifferences({ config, pins: {} }, { config: asked, pins: {} })).toEqual([]);
    expect(Object.keys(CONFIG_KEYS)).toContain("auto_find_batch_size");
  });
});
