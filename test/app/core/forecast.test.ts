import { describe, expect, it } from "vitest";
import { resolveConfig, type ModelShape, type RunConfig } from "#shared/config/index.ts";
import { forecastOf, measurementKey, type RunTokens } from "#main/core/runs/forecast.ts";

const values = { model_name_or_path: "m", train_files: ["d"], output_dir: "o", packing: false, eval_steps: 10 };
function configOf(more: Partial<Record<keyof RunConfig, unknown>> = {}): RunConfig {
  const { config } = resolveConfig([{ source: "flag", values: { ...values, ...more } }], { rows: 400 });
  if (!config) throw new Error("the configuration does not hold");
  return config;
}
const shape: ModelShape = {
  vocabularySize: 1000,
  hiddenSize: 64,
  intermediateSize: 256,
  layers: 2,
  queryWidth: 64,
  keyWidth: 64,
  parameters: 200_000,
};
const tokens: RunTokens = { trainRows: 40, trainTokens: 8000, evalTokens: 400, longestRow: 300, units: 40 };
const measured = {
  loadSeconds: 2,
  secondsPerToken: 0.001,
  evaluationSecondsPerToken: 0.0004,
  tokens: 300,
  peakMemoryBytes: 5e8,
  checkpointBytes: 12e6,
  resultBytes: 4e6,
};

describe("what a run will take", () => {
  it("is loading, steps, evaluations and checkpoints", () => {
    const forecast = forecastOf({ config: configOf({ num_train_epochs: 1 }), shape, tokens, measured });
    // 40 steps; an evaluation at 10, 20, 30 and 40; one checkpoint at the end of the epoch, and the result
    const saves = 0.05 + 12e6 / 200e6 + 0.05 + 4e6 / 200e6;
    expect(forecast?.seconds).toBeCloseTo(2 + 8 + 4 * 400 * 0.0004 + saves, 6);
    expect(forecast).toMatchObject({ basis: "measured", memoryBytes: 5e8, diskBytes: 28e6, mostDiskBytes: 40e6 });
  });

  it("grows with rows that are longer than those measured", () => {
    const longer = { ...tokens, longestRow: 600 };
    const forecast = forecastOf({ config: configOf(), shape, tokens: longer, measured });
    expect(forecast?.memoryBytes).toBeGreaterThan(5e8);
  });

  it("has no time while nothing was measured, and none before the rows were counted", () => {
    expect(forecastOf({ config: configOf(), shape, tokens, measured: undefined })).toMatchObject({
      basis: "estimate",
      seconds: null,
    });
    expect(forecastOf({ config: configOf(), shape, tokens: null, measured })?.seconds).toBeNull();
    expect(forecastOf({ config: configOf(), shape: null, tokens, measured: undefined })).toBeNull();
  });

  it("is measured anew where a setting that decides it changed, and only there", () => {
    const at = { model: "m", data: "d" };
    const key = measurementKey(configOf(), at);
    expect(measurementKey(configOf({ learning_rate: 1e-5, num_train_epochs: 9 }), at)).toBe(key);
    expect(measurementKey(configOf({ lora_r: 64 }), at)).not.toBe(key);
    expect(measurementKey(configOf(), { ...at, data: "e" })).not.toBe(key);
  });
});
