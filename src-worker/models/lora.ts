import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import type { DecoderConfig } from "./config.ts";
import { readJson } from "./folder.ts";
import { linearModules, type LinearModule, type Parameter } from "./parameters.ts";
import type { RawConfig } from "./raw.ts";
import { savedParameters } from "./targets.ts";
import { locateTensors, READABLE_DTYPES, type TensorLocation } from "./tensors.ts";

/** Which linear layers get an adapter, how it is scaled, and what is trained whole beside it. */
export interface LoraPlan {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  /** Scale by alpha / √r (Kalajdzievski 2023, arXiv 2312.03732). */
  readonly rslora: boolean;
  /** Weights are split into magnitude and direction (Liu et al. 2024, arXiv 2402.09353). */
  readonly dora: boolean;
  readonly modules: readonly LinearModule[];
  /** Parameters of the model of which the adapter has its own, trained whole: PEFT's modules_to_save. */
  readonly saved: readonly Parameter[];
}

/** The factor of B(A(x)). */
export const loraScale = ({ rank, alpha, rslora }: LoraPlan): number => alpha / (rslora ? Math.sqrt(rank) : rank);

/** An adapter folder that has been read. */
export interface AdapterSpec extends LoraPlan {
  readonly directory: string;
  readonly tensors: ReadonlyMap<string, TensorLocation>;
  readonly raw: RawConfig;
}

export const loraName = (module: LinearModule, half: "A" | "B"): string =>
  `base_model.model.${module.name}.lora_${half}.weight`;

export const magnitudeName = (module: LinearModule): string => `base_model.model.${module.name}.lora_magnitude_vector`;
export const savedName = (parameter: string): string => `base_model.model.${parameter}`;

/** A [rank, inputs] and B [outputs, rank] of every adapted layer [and magnitude, outputs], and what is saved whole, by PEFT's names. */
export const loraParameters = (plan: LoraPlan): Parameter[] => [
  ...plan.modules.flatMap((module): Parameter[] => [
    { name: loraName(module, "A"), shape: [plan.rank, module.inputs], role: "linear" },
    { name: loraName(module, "B"), shape: [module.outputs, plan.rank], role: "linear" },
    ...(plan.dora ? [{ name: magnitudeName(module), shape: [module.outputs], role: "norm" } as const] : []),
  ]),
  ...plan.saved.map((parameter) => ({ ...parameter, name: savedName(parameter.name) })),
];

const schema = v.object({
  peft_type: v.literal("LORA"),
  r: v.pipe(v.number(), v.integer(), v.minValue(1)),
  lora_alpha: v.number(),
  lora_dropout: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.999)), 0),
  use_rslora: v.nullish(v.boolean(), false),
  use_dora: v.nullish(v.boolean(), false),
  modules_to_save: v.nullish(v.array(v.string()), []),
});

/** Options of PEFT that make another function of the same tensors. */
const PLAIN: Readonly<Record<string, unknown>> = {
  use_qalora: false,
  lora_bias: false,
  fan_in_fan_out: false,
  bias: "none",
  ensure_weight_tying: false,
  layer_replication: null,
  trainable_token_indices: null,
  target_parameters: null,
};

function refuseVariants(raw: RawConfig, file: string): void {
  const patterns = ["rank_pattern", "alpha_pattern"].filter((key) => Object.keys(raw[key] ?? {}).length > 0);
  const other = Object.keys(PLAIN).filter((key) => raw[key] != null && raw[key] !== PLAIN[key]);
  const [key] = [...other, ...patterns];
  if (key === undefined) return;
  throw new SiftError("adapter-unsupported", `${key} = ${JSON.stringify(raw[key])} is not supported`, {
    where: { file, what: key },
  });
}

/**
 * An adapter folder as PEFT writes it, for a model of this configuration. Adapted layers are those that the file has
 * tensors for. @throws SiftError `adapter-missing`, `adapter-invalid`, `adapter-unsupported`, `adapter-shape`.
 */
export function loadAdapter(directory: string, config: DecoderConfig): AdapterSpec {
  const file = join(directory, "adapter_config.json");
  const weights = join(directory, "adapter_model.safetensors");
  for (const needed of [file, weights]) if (!existsSync(needed)) throw missingFile(needed);
  const raw = readJson(file, "adapter-invalid");
  const parsed = v.safeParse(schema, raw);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const key = v.getDotPath(issue) ?? "adapter_config";
    throw new SiftError("adapter-invalid", `${key}: ${issue.message}`, { where: { file, what: key } });
  }
  refuseVariants(raw, file);
  const { r: rank, lora_alpha: alpha, lora_dropout: dropout, use_rslora: rslora, use_dora: dora } = parsed.output;
  const tensors = locateTensors(weights);
  const saved = savedParameters(config, parsed.output.modules_to_save ?? []);
  const modules = linearModules(config).filter((module) => tensors.has(loraName(module, "A")));
  const plan = { rank, alpha, dropout, rslora: rslora === true, dora: dora === true, modules, saved };
  checkTensors(plan, tensors, weights);
  return { ...plan, directory, tensors, raw };
}

const missingFile = (file: string): SiftError =>
  new SiftError("adapter-missing", "the folder is no adapter: a file is missing", {
    where: { file },
    remedy: "give the folder that holds adapter_config.json and adapter_model.safetensors",
  });

function checkTensors(plan: LoraPlan, tensors: ReadonlyMap<string, TensorLocation>, file: string): void {
  const expected = new Map(loraParameters(plan).map((parameter) => [parameter.name, parameter]));
  const foreign = [...tensors.keys()].find((name) => !expected.has(name));
  if (foreign !== undefined || expected.size === 0) {
    throw new SiftError("adapter-invalid", `the adapter is not made for this model: ${foreign ?? "it is empty"}`, {
      where: { file },
    });
  }
  for (const { name, shape } of expected.values()) {
    const location = tensors.get(name);
    if (location?.shape.join() !== shape.join() || !READABLE_DTYPES.includes(location.dtype)) {
      const got = location ? `${location.dtype}[${location.shape.join(", ")}]` : "missing";
      throw new SiftError("adapter-shape", `${name} is ${got}, expected [${shape.join(", ")}]`, {
        where: { file, what: name },
      });
    }
  }
}
