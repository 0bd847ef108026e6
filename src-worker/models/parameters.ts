import type { DecoderConfig } from "./config.ts";

/** A linear layer, by the module name that Hugging Face and PEFT use. */
export interface LinearModule {
  /** `model.layers.0.self_attn.q_proj`. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly bias: boolean;
}

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: "embedding" | "linear" | "bias" | "norm";
}

export const EMBEDDING = "model.embed_tokens.weight";
export const FINAL_NORM = "model.norm.weight";
export const LM_HEAD = "lm_head.weight";

export const LINEAR_NAMES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;
export type LinearName = (typeof LINEAR_NAMES)[number];

export function linearModule(config: DecoderConfig, layer: number, linear: LinearName): LinearModule {
  const { hiddenSize, intermediateSize, headSize, queryKeyValueBias, outputBias, mlpBias } = config;
  const queries = config.heads * headSize;
  const keys = config.kvHeads * headSize;
  const at = (block: string, inputs: number, outputs: number, bias: boolean): LinearModule => ({
    name: `model.layers.${layer}.${block}.${linear}`,
    inputs,
    outputs,
    bias,
  });
  switch (linear) {
    case "q_proj":
      return at("self_attn", hiddenSize, queries, queryKeyValueBias);
    case "k_proj":
    case "v_proj":
      return at("self_attn", hiddenSize, keys, queryKeyValueBias);
    case "o_proj":
      return at("self_attn", queries, hiddenSize, outputBias);
    case "gate_proj":
    case "up_proj":
      return at("mlp", hiddenSize, intermediateSize, mlpBias);
    case "down_proj":
      return at("mlp", intermediateSize, hiddenSize, mlpBias);
  }
}

/** All linear layers but lm_head, in the order of the layers: what PEFT calls all-linear. */
export const linearModules = (config: DecoderConfig): LinearModule[] =>
  Array.from({ length: config.layers }, (_, layer) =>
    LINEAR_NAMES.map((linear) => linearModule(config, layer, linear)),
  ).flat();

/** Every parameter by its Hugging Face name; a tied lm_head is not one of its own. */
export function parametersOf(config: DecoderConfig): Parameter[] {
  const table = [config.vocabularySize, config.hiddenSize];
  const norm = (name: string): Parameter => ({ name, shape: [config.hiddenSize], role: "norm" });
  const layers = Array.from({ length: config.layers }, (_, layer) => [
    ...LINEAR_NAMES.flatMap((linear) => linearParameters(linearModule(config, layer, linear))),
    norm(`model.layers.${layer}.input_layernorm.weight`),
    norm(`model.layers.${layer}.post_attention_layernorm.weight`),
  ]);
  return [
    { name: EMBEDDING, shape: table, role: "embedding" },
    ...layers.flat(),
    norm(FINAL_NORM),
    ...(config.tied ? [] : [{ name: LM_HEAD, shape: table, role: "linear" } as const]),
  ];
}

function linearParameters(module: LinearModule): Parameter[] {
  const weight: Parameter = { name: `${module.name}.weight`, shape: [module.outputs, module.inputs], role: "linear" };
  return module.bias ? [weight, { name: `${module.name}.bias`, shape: [module.outputs], role: "bias" }] : [weight];
}
