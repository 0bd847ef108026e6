import { SiftError } from "#shared/errors.ts";
import type { Rope } from "./rope.ts";

type RopeOf<K extends Rope["kind"]> = Extract<Rope, { kind: K }>;

export interface RopeTable {
  /** Angle per position of each pair of a head, [headSize / 2]. */
  readonly frequencies: readonly number[];
  /** Frequencies of texts with more than `above` tokens. */
  readonly long?: { readonly frequencies: readonly number[]; readonly above: number };
  /** Factor of cos and sin, and by that of queries and of keys. */
  readonly attentionFactor: number;
}

/** As `transformers` computes them (modeling_rope_utils.py). @throws SiftError `model-config-invalid` where factors do not fit the head. */
export function ropeTable(rope: Rope, headSize: number): RopeTable {
  const base = Array.from({ length: headSize / 2 }, (_, pair) => rope.theta ** ((-2 * pair) / headSize));
  switch (rope.kind) {
    case "default":
    case "dynamic":
      return { frequencies: base, attentionFactor: 1 };
    case "linear":
      return { frequencies: base.map((frequency) => frequency / rope.factor), attentionFactor: 1 };
    case "llama3":
      return { frequencies: base.map((frequency) => llama3Frequency(frequency, rope)), attentionFactor: 1 };
    case "yarn":
      return { frequencies: yarnFrequencies(base, rope), attentionFactor: rope.attentionFactor };
    case "longrope": {
      const divided = (factors: readonly number[]): number[] =>
        checked(factors, base).map((factor, pair) => (base[pair] ?? 0) / factor);
      return {
        frequencies: divided(rope.shortFactors),
        long: { frequencies: divided(rope.longFactors), above: rope.originalPositions },
        attentionFactor: rope.attentionFactor,
      };
    }
  }
}

/** Long waves are stretched by the factor, short ones are kept, those between are blended. */
function llama3Frequency(frequency: number, rope: RopeOf<"llama3">): number {
  const waves = (rope.originalPositions * frequency) / (2 * Math.PI);
  if (waves < rope.lowFrequencyFactor) return frequency / rope.factor;
  if (waves > rope.highFrequencyFactor) return frequency;
  const blend = (waves - rope.lowFrequencyFactor) / (rope.highFrequencyFactor - rope.lowFrequencyFactor);
  return ((1 - blend) * frequency) / rope.factor + blend * frequency;
}

/** Pairs that turn often enough within the original positions are kept, those that turn rarely are stretched, with a ramp between. */
function yarnFrequencies(base: readonly number[], rope: RopeOf<"yarn">): number[] {
  const size = 2 * base.length;
  const pairOf = (turns: number): number =>
    (size * Math.log(rope.originalPositions / (turns * 2 * Math.PI))) / (2 * Math.log(rope.theta));
  const [low, high] = [pairOf(rope.betaFast), pairOf(rope.betaSlow)];
  const first = Math.max(rope.truncate ? Math.floor(low) : low, 0);
  const last = Math.min(rope.truncate ? Math.ceil(high) : high, size - 1);
  const width = first === last ? 0.001 : last - first;
  return base.map((frequency, pair) => {
    const stretched = Math.min(Math.max((pair - first) / width, 0), 1);
    return (frequency / rope.factor) * stretched + frequency * (1 - stretched);
  });
}

function checked(factors: readonly number[], base: readonly number[]): readonly number[] {
  if (factors.length === base.length) return factors;
  throw new SiftError(
    "model-config-invalid",
    `short_factor and long_factor must have ${base.length} numbers each, half a head's size; got ${factors.length}`,
    { where: { what: "rope_parameters" } },
  );
}
