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
  const candidates = nucleus(probabilities(logits, settings.temperature), settings.topP);
  const total = candidates.reduce((sum, { probability }) => sum + probability, 0);
  let left = random() * total;
  for (const { id, probability } of candidates) {
    left -= probability;
    if (left < 0) return id;
  }
  return candidates.at(-1)?.id ?? argmax(logits);
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

function probabilities(logits: Float32Array, temperature: number): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration": the token that crosses topP is kept. */
function nucleus(probability: Float64Array, topP: number): { id: number; probability: number }[] {
  const sorted = Array.from(probability, (p, id) => ({ id, probability: p })).sort(
    (a, b) => b.probability - a.probability,
  );
  if (topP >= 1) return sorted;
  let sum = 0;
  const end = sorted.findIndex(({ probability: p }) => (sum += p) >= topP);
  return end < 0 ? sorted : sorted.slice(0, end + 1);
}
