import { describe, expect, it } from "vitest";
import { estimateMemory, trainedParameters, type ModelShape } from "#shared/config/index.ts";

/** Qwen2.5-0.5B with fewer layers. */
const qwen = (layers: number): ModelShape => ({
  vocabularySize: 151_936,
  hiddenSize: 896,
  intermediateSize: 4864,
  layers,
  queryWidth: 896,
  keyWidth: 128,
  parameters: 151_936 * 896 + layers * (2 * 896 * 896 + 2 * 896 * 128 + 3 * 896 * 4864),
});

const lora = {
  finetuning_type: "lora",
  freeze_trainable_layers: 2,
  lora_r: 16,
  target_modules: ["all-linear"],
  quantization: "none",
  gradient_checkpointing: false,
  packing: true,
  max_length: 1024,
  per_device_train_batch_size: 1,
  save_total_limit: 2,
} as const;

describe("the memory of a run", () => {
  // peaks of bench/training-step.ts, gigabytes of 10^9
  it.each([
    { name: "LoRA, 4 layers", layers: 4, settings: lora, tokens: 1024, measured: 1.76 },
    { name: "LoRA, 4 layers, 2,048 tokens", layers: 4, settings: lora, tokens: 2048, measured: 2.02 },
    { name: "LoRA, 8 layers", layers: 8, settings: lora, tokens: 1024, measured: 2.46 },
    {
      name: "LoRA, 8 layers, recomputed",
      layers: 8,
      settings: { ...lora, gradient_checkpointing: true },
      tokens: 1024,
      measured: 1.83,
    },
    {
      name: "full, 2 layers",
      layers: 2,
      settings: { ...lora, finetuning_type: "full" as const },
      tokens: 1024,
      measured: 5.41,
    },
  ])("is estimated within 10 % of what was measured: $name", ({ layers, settings, tokens, measured }) => {
    const { total } = estimateMemory(qwen(layers), settings, tokens);
    expect(Math.abs(total / 1e9 / measured - 1)).toBeLessThan(0.1);
  });

  it("counts the parameters of an adapter as PEFT does", () => {
    const block = 16 * (896 + 896 + 2 * (896 + 128) + 896 + 896 + 3 * (896 + 4864));
    expect(trainedParameters(qwen(4), lora)).toBe(4 * block);
    expect(trainedParameters(qwen(4), { ...lora, target_modules: ["q_proj"] })).toBe(4 * 16 * (896 + 896));
  });
});
