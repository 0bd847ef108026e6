import { SiftError } from "#shared/errors.ts";
import type { ModelConfig } from "./config.ts";
import type { TensorInfo } from "./weights.ts";

/** Tensors (by the end of their name) whose shape follows from config.json alone, for every decoder family. */
const SHAPES: readonly { suffix: string; shape: (sizes: Sizes) => readonly number[] }[] = [
  { suffix: "embed_tokens.weight", shape: (s) => [s.vocabulary, s.hidden] },
  { suffix: "lm_head.weight", shape: (s) => [s.vocabulary, s.hidden] },
  { suffix: "input_layernorm.weight", shape: (s) => [s.hidden] },
  { suffix: "mlp.gate_proj.weight", shape: (s) => [s.intermediate, s.hidden] },
  { suffix: "mlp.up_proj.weight", shape: (s) => [s.intermediate, s.hidden] },
  { suffix: "mlp.down_proj.weight", shape: (s) => [s.hidden, s.intermediate] },
];

interface Sizes {
  readonly vocabulary: number;
  readonly hidden: number;
  readonly intermediate: number;
}

/**
 * Compares tensor shapes with config.json, as far as headers tell; the worker checks every tensor when it loads.
 * @throws SiftError `model-shape` that names tensor, expected and found shape
 */
export function checkShapes(folder: string, config: ModelConfig, tensors: ReadonlyMap<string, TensorInfo>): void {
  const { vocab_size: vocabulary, hidden_size: hidden, intermediate_size: intermediate } = config;
  if (vocabulary === undefined || hidden === undefined || intermediate === undefined) return;
  for (const [name, { shape }] of tensors) {
    const rule = SHAPES.find(({ suffix }) => name.endsWith(suffix));
    const expected = rule?.shape({ vocabulary, hidden, intermediate });
    if (expected && !sameShape(shape, expected)) throw wrongShape(folder, name, { expected, found: shape });
  }
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

const wrongShape = (
  folder: string,
  name: string,
  { expected, found }: { expected: readonly number[]; found: readonly number[] },
): SiftError =>
  new SiftError(
    "model-shape",
    `${name} has shape [${found.join(", ")}], config.json asks for [${expected.join(", ")}]`,
    {
      where: { file: folder, what: name },
      remedy: "config.json and the weights belong to different models: get the folder again",
    },
  );
