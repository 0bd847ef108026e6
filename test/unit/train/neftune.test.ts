import { describe, expect, test } from "vitest";
import { embeddingNoise, noiseScale } from "#worker/train/neftune.ts";
import { modelFromConfig } from "#worker/models/folder.ts";

const settings = { alpha: 5, hiddenSize: 64, scale: 1, seed: 1, step: 3 };
const lengths = [10, 40];
const packed = { rows: [7, 2], documents: Int32Array.of(0, 10, 50) };

describe("NEFTune noise", () => {
  test("is uniform in ±alpha / √(L · d) of each document, whatever else lies in the pack", () => {
    const noise = embeddingNoise(packed, settings);
    expect(noise).toHaveLength(50 * 64);
    for (const [index, length] of lengths.entries()) {
      const start = (packed.documents[index] ?? 0) * 64;
      const own = noise.subarray(start, start + length * 64);
      const bound = 5 / Math.sqrt(length * 64);
      expect(Math.max(...own.map(Math.abs))).toBeLessThanOrEqual(bound);
      expect(Math.max(...own)).toBeGreaterThan(0.95 * bound);
      const variance = own.reduce((sum, x) => sum + x * x, 0) / own.length;
      expect(variance / (bound ** 2 / 3)).toBeCloseTo(1, 0.5);
    }
  });
  test("of a row depends on seed, step and row alone", () => {
    const alone = embeddingNoise({ rows: [2], documents: Int32Array.of(0, 40) }, settings);
    expect(embeddingNoise(packed, settings).subarray(640)).toEqual(alone);
    const others = [{ seed: 2 }, { step: 4 }].map((change) => embeddingNoise(packed, { ...settings, ...change }));
    for (const other of others) expect(other.subarray(640)).not.toEqual(alone);
  });
  test("is added where transformers adds it: after Gemma's scale, before Granite's", () => {
    const shape = {
      hidden_size: 64,
      intermediate_size: 64,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      vocab_size: 32,
    };
    const heads = { num_key_value_heads: 1, head_dim: 32, max_position_embeddings: 64, rms_norm_eps: 1e-6 };
    const granite = modelFromConfig({ model_type: "granite", ...shape, ...heads, embedding_multiplier: 12 });
    expect(noiseScale(granite.raw, granite.config)).toBe(12);
    const gemma = modelFromConfig({ model_type: "gemma3_text", ...shape, ...heads, query_pre_attn_scalar: 32 });
    expect(gemma.config.embeddingScale).toBeCloseTo(8, 1);
    expect(noiseScale(gemma.raw, gemma.config)).toBe(1);
  });
});
