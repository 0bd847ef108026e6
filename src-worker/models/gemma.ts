import { SiftError } from "#shared/errors.ts";
import { readFactor } from "./config.ts";
import type { RawConfig } from "./raw.ts";

/** Parts that Gemma 2 and 3 share. */

export function refuseActivation(
  { hidden_activation: activation, model_type: modelType }: RawConfig,
  file: string,
): void {
  if (activation == null || activation === "gelu_pytorch_tanh") return;
  const message = `hidden_activation = ${JSON.stringify(activation)} is not supported for model_type ${String(modelType)}`;
  throw new SiftError("model-unsupported", message, { where: { file, what: "hidden_activation" } });
}

interface LayerPattern {
  readonly file: string;
  readonly layers: number;
  /** Every such layer is global where `layer_types` is not given. */
  readonly every: number;
}

/** `full_attention` or `sliding_attention` for each layer. */
export function layerTypes(raw: RawConfig, { file, layers, every }: LayerPattern): unknown[] {
  const listed = raw.layer_types;
  if (listed == null) {
    const key = raw.sliding_window_pattern === undefined ? "_sliding_window_pattern" : "sliding_window_pattern";
    const pattern = readFactor(raw, key, { file, fallback: every });
    return Array.from({ length: layers }, (_, layer) =>
      (layer + 1) % pattern === 0 ? "full_attention" : "sliding_attention",
    );
  }
  const known = (type: unknown): boolean => type === "full_attention" || type === "sliding_attention";
  if (Array.isArray(listed) && listed.length === layers && listed.every(known)) return listed;
  throw new SiftError(
    "model-config-invalid",
    `layer_types must name full_attention or sliding_attention ${layers} times`,
    {
      where: { file, what: "layer_types" },
    },
  );
}
