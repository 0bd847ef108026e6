import type { DecoderConfig, NormPlacement } from "./config.ts";

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

const SEPARATE = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;
const FUSED = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"] as const;
export type LinearName = (typeof SEPARATE | typeof FUSED)[number];

/** A layer's linear layers, which are what can be adapted. */
export const linearNames = ({ fused }: DecoderConfig): readonly LinearName[] => (fused ? FUSED : SEPARATE);

/** Names of the norms before and after a layer's blocks. */
export interface BlockNorms {
  readonly before?: string;
  readonly after?: string;
}

export const NORMS: Readonly<Record<NormPlacement, { readonly attention: BlockNorms; readonly mlp: BlockNorms }>> = {
  before: { attention: { before: "input_layernorm" }, mlp: { before: "post_attention_layernorm" } },
  after: { attention: { after: "post_attention_layernorm" }, mlp: { after: "post_feedforward_layernorm" } },
  around: {
    attention: { before: "input_layernorm", after: "post_attention_layernorm" },
    mlp: { before: "pre_feedforward_layernorm", after: "post_feedforward_layernorm" },
  },
};

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
    case "qkv_proj":
      return at("self_attn", hiddenSize, queries + 2 * keys, queryKeyValueBias);
    case "q_proj":
      return at("self_attn", hiddenSize, queries, queryKeyValueBias);
    case "k_proj":
    case "v_proj":
      return at("self_attn", hiddenSize, keys, queryKeyValueBias);
    case "o_proj":
      return at("self_attn", queries, hiddenSize, outputBias);
    case "gate_up_proj":
      return at("mlp", hiddenSize, 2 * intermediateSize, mlpBias);
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
    linearNames(config).map((linear) => linearModule(config, layer, linear)),
  ).flat();

/** Every parameter by its Hugging Face name; a tied lm_head is not one of its own. */
export function parametersOf(config: DecoderConfig): Parameter[] {
  const table = [config.vocabularySize, config.hiddenSize];
  const layers = Array.from({ length: config.layers }, (_, layer) => [
    ...linearNames(config).flatMap((linear) => linearParameters(linearModule(config, layer, linear))),
    ...layerNorms(config, layer),
  ]);
  return [
    { name: EMBEDDING, shape: table, role: "embedding" },
    ...layers.flat(),
    norm(FINAL_NORM, config.hiddenSize),
    ...(config.tied ? [] : [{ name: LM_HEAD, shape: table, role: "linear" } as const]),
  ];
}

const norm = (name: string, size: number): Parameter => ({ name, shape: [size], role: "norm" });

function layerNorms(config: DecoderConfig, layer: number): Parameter[] {
  const { attention, mlp } = NORMS[config.normPlacement];
  const blocks = [attention.before, attention.after, mlp.before, mlp.after].filter((name) => name !== undefined);
  const heads = config.queryKeyNorm === "none" ? [] : (["q_norm", "k_norm"] as const);
  return [
    ...heads.map((name) => norm(queryKeyNormName(layer, name), queryKeyNormSize(config, name))),
    ...blocks.map((name) => norm(normName(layer, name), config.hiddenSize)),
  ];
}

export const normName = (layer: number, name: string): string => `model.layers.${layer}.${name}.weight`;
export const queryKeyNormName = (layer: number, name: "q_norm" | "k_norm"): string =>
  normName(layer, `self_attn.${name}`);

/** One weight for each element of a head, or of all heads together. */
export function queryKeyNormSize(config: DecoderConfig, name: "q_norm" | "k_norm"): number {
  if (config.queryKeyNorm === "head") return config.headSize;
  return config.headSize * (name === "q_norm" ? config.heads : config.kvHeads);
}

function linearParameters(module: LinearModule): Parameter[] {
  const weight: Parameter = { name: `${module.name}.weight`, shape: [module.outputs, module.inputs], role: "linear" };
  return module.bias ? [weight, { name: `${module.name}.bias`, shape: [module.outputs], role: "bias" }] : [weight];
}
