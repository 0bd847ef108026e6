import type { RunConfig } from "./types.ts";

/** What the sizes of a run follow from, beside its settings; from config.json and the tensor headers. */
export interface ModelShape {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  /** Columns of the queries, and of the keys. */
  readonly queryWidth: number;
  readonly keyWidth: number;
  /** Tied tensors once. */
  readonly parameters: number;
}

type Settings = Pick<
  RunConfig,
  | "finetuning_type"
  | "freeze_trainable_layers"
  | "lora_r"
  | "target_modules"
  | "quantization"
  | "gradient_checkpointing"
  | "packing"
  | "max_length"
  | "per_device_train_batch_size"
  | "save_total_limit"
>;

/** Bytes, by what they hold. */
export interface MemoryEstimate {
  readonly weights: number;
  /** Gradients and the two moments of what is trained. */
  readonly training: number;
  /** What the forward pass keeps for the backward pass. */
  readonly activations: number;
  /** Logits of a chunk of scored rows with their softmax, and what an update needs for a moment. */
  readonly working: number;
  /** The program itself. */
  readonly program: number;
  readonly total: number;
}

/** Logits take this much at a time; the vocabulary makes the widest tensor of a step. */
export const LOGIT_BYTES = 160_000_000;
/** Chunks of logits that live at the same time: logits, their softmax, its gradient. */
const LOGIT_COPIES = 3;
/** Copies of the embedding's gradient on its way into its buffer, where it is trained. */
const TABLE_COPIES = 3;
/** Node, the engine and its code, measured with a model of 1 MB. */
const PROGRAM_BYTES = 150_000_000;
const FLOAT = 4;
/** Values of one update at a time (src-worker/train/adamw.ts), and the tensors that it needs of them. */
const UPDATE_VALUES = 32_000_000;
const UPDATE_TENSORS = 5;

/** Linear layers of a block: [outputs, inputs]. */
function linears({
  hiddenSize,
  intermediateSize,
  queryWidth,
  keyWidth,
}: ModelShape): Readonly<Record<string, readonly [number, number]>> {
  return {
    q_proj: [queryWidth, hiddenSize],
    k_proj: [keyWidth, hiddenSize],
    v_proj: [keyWidth, hiddenSize],
    o_proj: [hiddenSize, queryWidth],
    gate_proj: [intermediateSize, hiddenSize],
    up_proj: [intermediateSize, hiddenSize],
    down_proj: [hiddenSize, intermediateSize],
  };
}

const blockParameters = (shape: ModelShape): number =>
  Object.values(linears(shape)).reduce((sum, [outputs, inputs]) => sum + outputs * inputs, 0);

/** Parameters that are trained. Patterns count as all linear layers, and layers that a model fuses as their parts. */
export function trainedParameters(shape: ModelShape, settings: Settings): number {
  const { finetuning_type, lora_r, target_modules } = settings;
  if (finetuning_type === "full") return shape.parameters;
  if (finetuning_type === "freeze") {
    return Math.min(shape.layers, settings.freeze_trainable_layers) * blockParameters(shape);
  }
  const all = linears(shape);
  const named = target_modules.filter((name) => name in all);
  const chosen = named.length > 0 ? named : Object.keys(all);
  const block = chosen.reduce((sum, name) => sum + (all[name]?.reduce((a, b) => a + b, 0) ?? 0) * lora_r, 0);
  return block * shape.layers;
}

/**
 * Memory of a training step with `tokens` tokens in its largest micro-batch. Weights, gradients and moments are float32; a layer keeps of each token
 * its input, both normed inputs, queries and keys before and after they are turned, values, what attention gives, the sum with the residual, gate, up
 * and their product. Within 10 % of measured peaks for LoRA and full fine-tuning of Qwen2.5-0.5B's shape with 4 and 8 layers (test/unit/config/memory.test.ts).
 */
export function estimateMemory(shape: ModelShape, settings: Settings, tokens: number): MemoryEstimate {
  const trained = trainedParameters(shape, settings);
  const adapter = settings.finetuning_type === "lora" ? trained : 0;
  const weights = weightBytes(shape, settings) + adapter * FLOAT;
  const training = 3 * trained * FLOAT;
  const { hiddenSize, intermediateSize, queryWidth, keyWidth, layers } = shape;
  const layer = (4 * hiddenSize + 3 * queryWidth + 3 * keyWidth + 3 * intermediateSize) * FLOAT;
  const kept = settings.gradient_checkpointing ? layers * hiddenSize * FLOAT + layer : layers * layer;
  const activations = kept * tokens;
  const rows = Math.min(tokens, Math.max(32, Math.floor(LOGIT_BYTES / (FLOAT * shape.vocabularySize))));
  const logits = LOGIT_COPIES * rows * shape.vocabularySize * FLOAT;
  const update = UPDATE_TENSORS * Math.min(trained, UPDATE_VALUES) * FLOAT;
  const tables = settings.finetuning_type === "full" ? TABLE_COPIES * shape.vocabularySize * hiddenSize * FLOAT : 0;
  const working = Math.max(logits + tables, update);
  const total = weights + training + activations + working + PROGRAM_BYTES;
  return { weights, training, activations, working, program: PROGRAM_BYTES, total };
}

/** Of blocks of 32 values with a float32 scale where they are quantised; tables and norms stay float32. */
function weightBytes(shape: ModelShape, { quantization }: Settings): number {
  if (quantization === "none") return shape.parameters * FLOAT;
  const linear = shape.layers * blockParameters(shape);
  const bits = quantization === "4bit" ? 4 : 8;
  return (shape.parameters - linear) * FLOAT + linear * (bits / 8 + FLOAT / 32);
}

/** Tokens of the largest micro-batch. @param longest tokens of the longest row */
export const tokensAtOnce = (settings: Settings, longest: number): number =>
  settings.packing ? settings.max_length : longest * settings.per_device_train_batch_size;

/** Bytes in the output folder when the run is done: checkpoints that stay, with two moments each, and the result. One more is there while it is written. */
export function estimateDisk(shape: ModelShape, settings: Settings): { readonly kept: number; readonly most: number } {
  const weights = trainedParameters(shape, settings) * FLOAT;
  const checkpoint = 3 * weights;
  const kept = settings.save_total_limit * checkpoint + weights;
  return { kept, most: kept + checkpoint };
}
