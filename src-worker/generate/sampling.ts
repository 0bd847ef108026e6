import type { RandomStream } from "#worker/train/random.ts";

export interface SamplingSettings {
  /** 0 is greedy. */
  readonly temperature: number;
  /** Smallest set of most likely tokens whose probability reaches this; 1 keeps all. */
  readonly topP: number;
}

/** Draws the next token from logits [vocab]. */
export function sampleToken(logits: Float32Array, settings: SamplingSettings, random: RandomStream): number {
  if (settings.temperature <= 0) return argmax(logits);
  const weights = nucleus(softWeights(logits, settings.temperature), settings.topP);
  let left = random() * sum(weights);
  let last = -1;
  for (const [id, weight] of weights.entries()) {
    if (weight === 0) continue;
    last = id;
    left -= weight;
    if (left < 0) return id;
  }
  return last < 0 ? argmax(logits) : last;
}

/** The first of the largest. */
export function argmax(logits: Float32Array): number {
  let best = 0;
  let most = -Infinity;
  for (const [id, logit] of logits.entries()) {
    if (logit > most) [best, most] = [id, logit];
  }
  return best;
}

/** Softmax without its division: the largest is 1. */
function softWeights(logits: Float32Array, temperature: number): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  return Float64Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
}

/**
 * Zero for all but the most likely tokens that together reach topP; the one that crosses it is kept, with its equals.
 * Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration".
 */
function nucleus(weights: Float64Array, topP: number): Float64Array {
  if (topP >= 1) return weights;
  const wanted = topP * sum(weights);
  const descending = weights.slice().sort().reverse();
  let reached = 0;
  const lowest = descending.find((weight) => (reached += weight) >= wanted) ?? 0;
  return weights.map((weight) => (weight >= lowest ? weight : 0));
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
