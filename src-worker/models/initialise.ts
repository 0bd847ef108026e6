import { SiftError } from "#shared/errors.ts";
import type { ModelSpec } from "./folder.ts";
import type { AdapterSpec, LoraPlan } from "./lora.ts";
import type { Parameter } from "./parameters.ts";
import { RandomStream } from "./random.ts";
import { readTensor } from "./tensors.ts";

/** Writes a parameter's first values into its buffer, which holds zeros. */
export type Fill = (target: Float32Array) => void;

/**
 * First values of a model's parameters: from its files, or, for a model from a configuration alone, as `transformers`
 * draws them (weights normal with `initializer_range`, norms so that they multiply by 1, biases 0).
 */
export function modelValues(model: ModelSpec, parameter: Parameter, seed: number): Fill {
  const location = model.tensors.get(parameter.name);
  if (location) return (target) => readTensor(location, target);
  if (model.directory !== undefined) throw new SiftError("model-tensor-missing", `no values for ${parameter.name}`);
  const random = new RandomStream(seed, parameter.name);
  switch (parameter.role) {
    case "norm":
      return (target) => void target.fill(1 - model.config.normOffset);
    case "bias":
      return () => undefined;
    case "embedding":
    case "linear":
      return (target) => random.fillNormal(target, model.config.initializerRange);
  }
}

/** First values of an adapter: its files', or PEFT's: A uniform in ±1/√inputs (kaiming_uniform with a = √5), B zero. */
export function loraValues(plan: LoraPlan | AdapterSpec, parameter: Parameter, seed: number): Fill {
  const location = "tensors" in plan ? plan.tensors.get(parameter.name) : undefined;
  if (location) return (target) => readTensor(location, target);
  if (parameter.name.endsWith(".lora_B.weight")) return () => undefined;
  const [, inputs = 1] = parameter.shape;
  return (target) => new RandomStream(seed, parameter.name).fillUniform(target, 1 / Math.sqrt(inputs));
}
