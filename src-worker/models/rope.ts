import { SiftError } from "#shared/errors.ts";
import type { RawConfig } from "./raw.ts";

/** Rotary position embedding: how the angles' frequencies come about. */
export type Rope =
  | { readonly kind: "default"; readonly theta: number }
  | { readonly kind: "linear"; readonly theta: number; readonly factor: number }
  | {
      readonly kind: "llama3";
      readonly theta: number;
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalPositions: number;
    };

const SUPPORTED = ["default", "linear", "llama3"];

/** transformers 5 writes `rope_parameters`, 4 writes `rope_theta` and `rope_scaling` (with `type` or `rope_type`). */
export function readRope(raw: RawConfig, file: string): Rope {
  const scaling = raw.rope_parameters ?? raw.rope_scaling;
  const parameters = (typeof scaling === "object" && scaling !== null ? scaling : {}) as RawConfig;
  const kind = parameters.rope_type ?? parameters.type ?? "default";
  const number = (key: string, fallback?: unknown): number => {
    const value = parameters[key] ?? fallback;
    if (typeof value === "number" && value > 0) return value;
    throw new SiftError(
      "model-config-invalid",
      `${key} of the rope parameters must be a positive number, got ${JSON.stringify(value)}`,
      {
        where: { file, what: key },
      },
    );
  };
  const theta = number("rope_theta", raw.rope_theta ?? 10000);
  if (!["partial_rotary_factor", "mscale"].every((key) => parameters[key] == null || parameters[key] === 1)) {
    throw unsupported(file, "rope_parameters", JSON.stringify(scaling));
  }
  switch (kind) {
    case "default":
      return { kind: "default", theta };
    case "linear":
      return { kind: "linear", theta, factor: number("factor") };
    case "llama3":
      return {
        kind: "llama3",
        theta,
        factor: number("factor"),
        lowFrequencyFactor: number("low_freq_factor"),
        highFrequencyFactor: number("high_freq_factor"),
        originalPositions: number("original_max_position_embeddings", raw.max_position_embeddings),
      };
    default:
      throw unsupported(file, "rope_type", JSON.stringify(kind));
  }
}

const unsupported = (file: string, what: string, value: string): SiftError =>
  new SiftError("model-unsupported", `${what} ${value} is not supported`, {
    where: { file, what },
    remedy: `supported rope types: ${SUPPORTED.join(", ")}`,
  });

/**
 * Angle per position of each pair of a head, [headSize / 2]; as `transformers` computes them
 * (modeling_rope_utils.py, `_compute_llama3_parameters`).
 */
export function ropeFrequencies(rope: Rope, headSize: number): number[] {
  const base = Array.from({ length: headSize / 2 }, (_, pair) => rope.theta ** ((-2 * pair) / headSize));
  switch (rope.kind) {
    case "default":
      return base;
    case "linear":
      return base.map((frequency) => frequency / rope.factor);
    case "llama3":
      return base.map((frequency) => llama3Frequency(frequency, rope));
  }
}

/** Long waves are stretched by the factor, short ones are kept, those between are blended. */
function llama3Frequency(frequency: number, rope: Extract<Rope, { kind: "llama3" }>): number {
  const waves = (rope.originalPositions * frequency) / (2 * Math.PI);
  if (waves < rope.lowFrequencyFactor) return frequency / rope.factor;
  if (waves > rope.highFrequencyFactor) return frequency;
  const blend = (waves - rope.lowFrequencyFactor) / (rope.highFrequencyFactor - rope.lowFrequencyFactor);
  return ((1 - blend) * frequency) / rope.factor + blend * frequency;
}
