import { SiftError } from "#shared/errors.ts";
import type { ModelSpec } from "./folder.ts";
import { magnitudeName, savedName, type AdapterSpec, type LoraPlan } from "./lora.ts";
import type { LinearModule, Parameter } from "./parameters.ts";
import { RandomStream } from "./random.ts";
import { formatOf, roundTrip } from "./quantize.ts";
import { sourceOf } from "./targets.ts";
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

/**
 * First values of an adapter: its files', or PEFT's: A uniform in ±1/√inputs (kaiming_uniform with a = √5), B zero, a
 * magnitude the length of each row of its weight, what is saved whole as it is in the model.
 */
export function loraValues(model: ModelSpec, plan: LoraPlan | AdapterSpec, { parameter, seed }: LoraValue): Fill {
  const location = "tensors" in plan ? plan.tensors.get(parameter.name) : undefined;
  if (location) return (target) => readTensor(location, target);
  const own = plan.saved.find(({ name }) => savedName(name) === parameter.name);
  if (own) return modelValues(model, sourceOf(model.config, own), seed);
  const module = plan.modules.find((one) => magnitudeName(one) === parameter.name);
  if (module) return rowLengths(model, module, seed);
  if (parameter.name.endsWith(".lora_B.weight")) return () => undefined;
  const [, inputs = 1] = parameter.shape;
  return (target) => new RandomStream(seed, parameter.name).fillUniform(target, 1 / Math.sqrt(inputs));
}

interface LoraValue {
  readonly parameter: Parameter;
  readonly seed: number;
}

function rowLengths(model: ModelSpec, module: LinearModule, seed: number): Fill {
  const { name, inputs, outputs } = module;
  const weight: Parameter = { name: `${name}.weight`, shape: [outputs, inputs], role: "linear" };
  return (target) => {
    const values = new Float32Array(outputs * inputs);
    modelValues(model, weight, seed)(values);
    const format = formatOf(model.config, module);
    if (format) roundTrip(values, module, format);
    for (let row = 0; row < outputs; row++) {
      let sum = 0;
      for (let i = row * inputs; i < (row + 1) * inputs; i++) sum += (values[i] ?? 0) ** 2;
      target[row] = Math.sqrt(sum);
    }
  };
}
