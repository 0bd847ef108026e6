import { SiftError } from "#shared/errors.ts";
import type { RawConfig } from "./raw.ts";

/** Rotary position embedding: how the angles' frequencies come about. `rope-frequencies.ts` computes them. */
export type Rope =
  | { readonly kind: "default"; readonly theta: number }
  | { readonly kind: "linear"; readonly theta: number; readonly factor: number }
  /** As `default` up to the positions of the model; what lies beyond depends on the texts before it, and is refused. */
  | { readonly kind: "dynamic"; readonly theta: number; readonly longest: number }
  | {
      readonly kind: "llama3";
      readonly theta: number;
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalPositions: number;
    }
  | {
      readonly kind: "yarn";
      readonly theta: number;
      readonly factor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly truncate: boolean;
      readonly originalPositions: number;
      readonly attentionFactor: number;
    }
  | {
      readonly kind: "longrope";
      readonly theta: number;
      /** Divisors of the frequencies, [headSize / 2] each; texts longer than `originalPositions` have the long ones. */
      readonly shortFactors: readonly number[];
      readonly longFactors: readonly number[];
      readonly originalPositions: number;
      readonly attentionFactor: number;
    };

const SUPPORTED = ["default", "linear", "dynamic", "llama3", "yarn", "longrope"];

/** What any of the kinds reads; a key of another kind is without effect, as in `transformers`. */
const KNOWN_KEYS = new Set([
  ...["type", "rope_type", "rope_theta", "factor", "original_max_position_embeddings", "attention_factor"],
  ...["beta_fast", "beta_slow", "truncate", "mscale", "mscale_all_dim", "partial_rotary_factor"],
  ...["short_factor", "long_factor", "low_freq_factor", "high_freq_factor"],
]);

/** Rope parameters, with the model's own keys where a parameter may stand there. */
class Reader {
  readonly #parameters: RawConfig;
  readonly #raw: RawConfig;
  readonly #file: string;

  constructor(parameters: RawConfig, raw: RawConfig, file: string) {
    this.#parameters = parameters;
    this.#raw = raw;
    this.#file = file;
  }

  fail(key: string, expected: string): SiftError {
    const got = JSON.stringify(this.#parameters[key]);
    return new SiftError("model-config-invalid", `${key} of the rope parameters must be ${expected}, got ${got}`, {
      where: { file: this.#file, what: key },
    });
  }

  /** undefined where neither is given. */
  optional(key: string, fallback?: unknown): number | undefined {
    const value = this.#parameters[key] ?? fallback;
    if (value === undefined || value === null) return undefined;
    if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
    throw this.fail(key, "a positive number");
  }

  number(key: string, fallback?: unknown): number {
    const value = this.optional(key, fallback);
    if (value === undefined) throw this.fail(key, "a positive number");
    return value;
  }

  factors(key: string): readonly number[] {
    const value = this.#parameters[key];
    const positive = (n: unknown): boolean => typeof n === "number" && n > 0;
    if (Array.isArray(value) && value.every(positive)) return value as number[];
    throw this.fail(key, "a list of positive numbers");
  }

  get maxPositions(): number {
    return this.number("max_position_embeddings", this.#raw.max_position_embeddings ?? 2048);
  }

  /** A model's own key wins, as in `transformers` (Phi 3 has it there). */
  get originalPositions(): number {
    const own = this.#raw.original_max_position_embeddings;
    return typeof own === "number" && own > 0
      ? own
      : this.number("original_max_position_embeddings", this.maxPositions);
  }
}

/** transformers 5 writes `rope_parameters`, 4 writes `rope_theta` and `rope_scaling` (with `type` or `rope_type`). */
export function readRope(raw: RawConfig, file: string): Rope {
  const scaling = raw.rope_parameters ?? raw.rope_scaling;
  const parameters = (typeof scaling === "object" && scaling !== null ? scaling : {}) as RawConfig;
  const kind: unknown = parameters.rope_type ?? parameters.type ?? "default";
  const read = new Reader(parameters, raw, file);
  const theta = read.number("rope_theta", raw.rope_theta ?? 10000);
  refuseKeys(parameters, file);
  switch (kind) {
    case "default":
      return { kind: "default", theta };
    case "linear":
      return { kind: "linear", theta, factor: read.number("factor") };
    case "dynamic":
      return { kind: "dynamic", theta, longest: read.maxPositions };
    case "llama3":
      return {
        kind: "llama3",
        theta,
        factor: read.number("factor"),
        lowFrequencyFactor: read.number("low_freq_factor"),
        highFrequencyFactor: read.number("high_freq_factor"),
        originalPositions: read.originalPositions,
      };
    case "yarn":
      return readYarn(read, parameters, theta);
    case "longrope":
      return readLongRope(read, theta);
    default:
      throw unsupported(file, "rope_type", JSON.stringify(kind));
  }
}

/** Peng et al. 2023, arXiv 2309.00071; defaults as in modeling_rope_utils.py, `_compute_yarn_parameters`. */
function readYarn(read: Reader, parameters: RawConfig, theta: number): Rope {
  const { originalPositions } = read;
  const factor = read.optional("factor") ?? read.maxPositions / originalPositions;
  const scale = (m: number): number => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);
  const [mscale, all] = [read.optional("mscale"), read.optional("mscale_all_dim")];
  const usual = mscale !== undefined && all !== undefined ? scale(mscale) / scale(all) : scale(1);
  return {
    kind: "yarn",
    theta,
    factor,
    betaFast: read.number("beta_fast", 32),
    betaSlow: read.number("beta_slow", 1),
    truncate: parameters.truncate !== false,
    originalPositions,
    attentionFactor: read.optional("attention_factor") ?? usual,
  };
}

/** Ding et al. 2024, arXiv 2402.13753; as in modeling_rope_utils.py, `_compute_longrope_parameters`. */
function readLongRope(read: Reader, theta: number): Rope {
  const { originalPositions } = read;
  const factor = read.optional("factor") ?? read.maxPositions / originalPositions;
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalPositions));
  return {
    kind: "longrope",
    theta,
    shortFactors: read.factors("short_factor"),
    longFactors: read.factors("long_factor"),
    originalPositions,
    attentionFactor: read.optional("attention_factor") ?? usual,
  };
}

function refuseKeys(parameters: RawConfig, file: string): void {
  const partial = parameters.partial_rotary_factor;
  if (partial != null && partial !== 1) throw unsupported(file, "partial_rotary_factor", JSON.stringify(partial));
  const foreign = Object.keys(parameters).find((key) => !KNOWN_KEYS.has(key) && parameters[key] != null);
  if (foreign !== undefined) throw unsupported(file, foreign, JSON.stringify(parameters[foreign]));
}

const unsupported = (file: string, what: string, value: string): SiftError =>
  new SiftError("model-unsupported", `${what} = ${value} of the rope parameters is not supported`, {
    where: { file, what },
    remedy: `supported rope types: ${SUPPORTED.join(", ")}`,
  });
