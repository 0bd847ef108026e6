import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import type { RawConfig } from "./raw.ts";
import { readRope, type Rope } from "./rope.ts";
import { ropeTable } from "./rope-frequencies.ts";
import { isOff, invalidKey } from "./unsupported.ts";

/** How the queries of one layer meet their keys. */
export interface LayerAttention {
  /** Absent where positions are not rotated. */
  readonly rope?: Rope;
  /** A query sees this many keys, itself included; all where absent. */
  readonly window?: number;
}

/**
 * Where a block's norms stand: before it (Llama), after it and before the residual is added (OLMo 2), or both (Gemma).
 */
export type NormPlacement = "before" | "after" | "around";

/** What the decoder graph needs to know of a model, whatever the family. */
export interface DecoderConfig {
  readonly modelType: string;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly normEpsilon: number;
  /** One a layer. */
  readonly attention: readonly LayerAttention[];
  /** `lm_head` is the embedding table. */
  readonly tied: boolean;
  readonly queryKeyValueBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  /** One weight matrix for queries, keys and values, and one for gate and up. */
  readonly fused: boolean;
  /** RMS norm of queries and keys before they are rotated: of each head, or across all of them. */
  readonly queryKeyNorm: "none" | "head" | "full";
  readonly normPlacement: NormPlacement;
  /** Added to the stored weights of norms. */
  readonly normOffset: number;
  readonly activation: "silu" | "geluTanh";
  /** Factor of queryᵀ key. */
  readonly attentionScale: number;
  readonly embeddingScale: number;
  /** Factor of what a block adds to the residual stream. */
  readonly residualScale: number;
  readonly logitsScale: number;
  /** Caps of attention scores and of logits, c · tanh(x / c). */
  readonly attentionSoftcap?: number;
  readonly logitsSoftcap?: number;
  readonly maxPositions: number;
  /** Longer texts cannot be read; any length where absent. */
  readonly longestText?: number;
  /** Bits of the frozen weights of linear layers, all but lm_head; float32 where absent. */
  readonly quantized?: 4 | 8;
  /** Standard deviation of weights that start at random. */
  readonly initializerRange: number;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const common = v.object({
  model_type: v.string(),
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: v.nullish(count),
  head_dim: v.nullish(count),
  rms_norm_eps: v.optional(v.number(), 1e-6),
  max_position_embeddings: v.optional(count, 2048),
  initializer_range: v.optional(v.number(), 0.02),
  tie_word_embeddings: v.optional(v.boolean(), false),
});

/** What a family makes different from a plain Llama without biases. */
export type Traits = Partial<
  Pick<
    DecoderConfig,
    | "queryKeyValueBias"
    | "outputBias"
    | "mlpBias"
    | "fused"
    | "queryKeyNorm"
    | "normPlacement"
    | "normOffset"
    | "activation"
    | "attentionScale"
    | "embeddingScale"
    | "residualScale"
    | "logitsScale"
    | "attentionSoftcap"
    | "logitsSoftcap"
  >
> & {
  /** From the number of layers. */
  readonly attention?: (layers: number) => readonly LayerAttention[];
};

const PLAIN = {
  queryKeyValueBias: false,
  outputBias: false,
  mlpBias: false,
  fused: false,
  queryKeyNorm: "none",
  normPlacement: "before",
  normOffset: 0,
  activation: "silu",
  embeddingScale: 1,
  residualScale: 1,
  logitsScale: 1,
} as const;

/** The keys that all families share. @throws SiftError `model-config-invalid` naming the key. */
export function readCommonConfig(raw: RawConfig, file: string, traits: Traits): DecoderConfig {
  const parsed = v.safeParse(common, raw);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const key = v.getDotPath(issue) ?? "config";
    throw new SiftError("model-config-invalid", `${key}: ${issue.message}`, { where: { file, what: key } });
  }
  const c = parsed.output;
  const { attention, ...flags } = traits;
  const kvHeads = c.num_key_value_heads ?? c.num_attention_heads;
  const headSize = c.head_dim ?? c.hidden_size / c.num_attention_heads;
  if (!Number.isInteger(headSize) || headSize % 2 !== 0)
    throw invalidKey(file, "head_dim", { expected: "an even whole number", got: headSize });
  if (c.num_attention_heads % kvHeads !== 0)
    throw invalidKey(file, "num_key_value_heads", { expected: "a divisor of num_attention_heads", got: kvHeads });
  const layerAttention = attention?.(c.num_hidden_layers) ?? alike(c.num_hidden_layers, { rope: readRope(raw, file) });
  // factors that do not fit a head are found here, before anything is built
  for (const { rope } of layerAttention) if (rope) ropeTable(rope, headSize);
  return {
    ...longestText(layerAttention),
    modelType: c.model_type,
    vocabularySize: c.vocab_size,
    hiddenSize: c.hidden_size,
    intermediateSize: c.intermediate_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    kvHeads,
    headSize,
    normEpsilon: c.rms_norm_eps,
    tied: c.tie_word_embeddings,
    maxPositions: c.max_position_embeddings,
    initializerRange: c.initializer_range,
    attentionScale: headSize ** -0.5,
    ...PLAIN,
    ...flags,
    attention: layerAttention,
  };
}

function longestText(attention: readonly LayerAttention[]): Pick<DecoderConfig, "longestText"> {
  const ends = attention.flatMap(({ rope }) => (rope?.kind === "dynamic" ? rope.longest : []));
  return ends.length > 0 ? { longestText: Math.min(...ends) } : {};
}

/** The same for every layer. */
export const alike = (layers: number, attention: LayerAttention): LayerAttention[] =>
  new Array<LayerAttention>(layers).fill(attention);

/** The value of `sliding_window`, null for none. @throws SiftError `model-config-invalid` */
export function readWindow(value: unknown, file: string): Pick<LayerAttention, "window"> {
  if (isOff(value)) return {};
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return { window: value };
  throw invalidKey(file, "sliding_window", { expected: "a positive whole number or null", got: value });
}

/** A factor. @throws SiftError `model-config-invalid` */
export function readFactor(
  raw: RawConfig,
  key: string,
  { file, fallback }: { file: string; fallback: number },
): number {
  const value = raw[key] ?? fallback;
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw invalidKey(file, key, { expected: "a positive number", got: value });
}
