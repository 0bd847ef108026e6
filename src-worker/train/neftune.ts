import type { DecoderConfig } from "#worker/models/config.ts";
import type { RawConfig } from "#worker/models/raw.ts";
import { randomStream } from "./random.ts";

export interface NoiseSettings {
  readonly alpha: number;
  readonly hiddenSize: number;
  /** The embedding's scale where it is applied after the noise; else 1. */
  readonly scale: number;
  readonly seed: number;
  /** Step k = 0, 1, … */
  readonly step: number;
}

/** Documents laid end to end: the rows that they are, and the offset of each first token, with the end. */
export interface NoisyRows {
  readonly rows: readonly number[];
  readonly documents: Int32Array;
}

/**
 * NEFTune: uniform(−1, 1) · alpha / √(L · d) for every embedding of a document of L tokens, [tokens · hiddenSize].
 * L is the document's own length, so that packing does not shrink the noise as a pack's length would. The noise of a row is a
 * function of seed, step and row: neither the split into batches nor the layout moves it.
 * Source: Jain et al. 2023, "NEFTune"; transformers' neftune_post_forward_hook.
 */
export function embeddingNoise({ rows, documents }: NoisyRows, settings: NoiseSettings): Float32Array {
  const { alpha, hiddenSize, scale, seed, step } = settings;
  const noise = new Float32Array((documents.at(-1) ?? 0) * hiddenSize);
  for (const [index, row] of rows.entries()) {
    const [start = 0, end = 0] = documents.subarray(index, index + 2);
    const bound = (scale * alpha) / Math.sqrt((end - start) * hiddenSize);
    const random = randomStream(seed, "neftune", step, row);
    for (let i = start * hiddenSize; i < end * hiddenSize; i++) noise[i] = bound * (2 * random() - 1);
  }
  return noise;
}

/** Gemma's embedding scales its own output, before the noise; other families scale afterwards, noise and all. */
export const noiseScale = (raw: RawConfig, config: DecoderConfig): number =>
  String(raw["model_type"]).startsWith("gemma") ? 1 : config.embeddingScale;
