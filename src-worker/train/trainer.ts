import { join } from "node:path";
import type { RunConfig } from "#shared/config/index.ts";
import { SiftError } from "#shared/errors.ts";
import type { LoraAdapterConfig } from "#shared/formats/adapter-config.ts";
import type { EngineDescription } from "#worker/engines/engine.ts";
import type { MicroBatch } from "#worker/models/layout.ts";
import { locateTensors, readTensor, type TensorLocation } from "#worker/models/tensors.ts";
import { loadModel } from "#worker/models/folder.ts";
import { openEngine } from "../open-engine.ts";
import { createTrainer, type Method, type StepResult, type TrainStep } from "./step.ts";
import { writeTensors } from "./tensor-file.ts";

/** Where a trainer's values come from. */
export interface TrainerSource {
  readonly modelDir: string;
  /** An adapter to go on training. */
  readonly adapterDir: string | null;
  /** A checkpoint whose weights, moments and update count are put back. */
  readonly resume: { readonly path: string; readonly step: number } | null;
  readonly threads: number;
}

const OPTIMIZER_FILE = "optimizer.safetensors";

/** A model in training: the engine that holds its tensors, and the steps over them. Call `dispose` when it is done with. */
export class Trainer {
  readonly engine: EngineDescription;
  /** What was ignored in the model folder, in words. */
  readonly notices: readonly string[];
  readonly #steps: TrainStep;
  readonly #dispose: () => Promise<void>;

  private constructor(parts: {
    engine: EngineDescription;
    notices: readonly string[];
    steps: TrainStep;
    dispose: () => Promise<void>;
  }) {
    this.engine = parts.engine;
    this.notices = parts.notices;
    this.#steps = parts.steps;
    this.#dispose = parts.dispose;
  }

  static async open(config: RunConfig, source: TrainerSource): Promise<Trainer> {
    const engine = openEngine({ ...config, threads: source.threads });
    const model = loadModel(source.modelDir);
    const steps = await createTrainer({
      engine,
      model,
      method: methodOf(config, source.adapterDir),
      optimizer: {
        beta1: config.adam_beta1,
        beta2: config.adam_beta2,
        epsilon: config.adam_epsilon,
        weightDecay: config.weight_decay,
        maxGradNorm: config.max_grad_norm,
      },
      recompute: config.gradient_checkpointing,
      seed: config.seed,
    });
    if (source.resume) putBack(steps, config, source.resume);
    return new Trainer({ engine: engine.description, notices: model.notices, steps, dispose: () => engine.dispose() });
  }

  /** Tied tensors count once; an adapter counts towards the total. */
  get parameters(): { readonly total: number; readonly trainable: number } {
    return this.#steps.parameterCounts();
  }

  /** Of the adapter in training; undefined for full fine-tuning. */
  get adapter(): Omit<LoraAdapterConfig, "baseModel"> | undefined {
    const { lora } = this.#steps;
    if (!lora) return undefined;
    const names = lora.modules.map(({ name }) => name.slice(name.lastIndexOf(".") + 1));
    return { r: lora.rank, alpha: lora.alpha, dropout: lora.dropout, targetModules: [...new Set(names)].sort() };
  }

  /** One update from all micro-batches together. */
  step(batches: readonly MicroBatch[], learningRate: number): Promise<StepResult> {
    return this.#steps.step(batches, learningRate);
  }

  evaluate(batch: MicroBatch): Promise<{ lossSum: number; weightSum: number }> {
    return this.#steps.evaluate([batch]);
  }

  /** Writes weights, and with `optimizer` the moments, into a folder; returns the files' names. */
  async save(folder: string, options: { optimizer: boolean }): Promise<string[]> {
    const weights = weightsFile(this.adapter ? "lora" : "full");
    await writeTensors(join(folder, weights), this.#steps.exportWeights());
    if (!options.optimizer) return [weights];
    await writeTensors(join(folder, OPTIMIZER_FILE), this.#steps.exportOptimizer().tensors);
    return [weights, OPTIMIZER_FILE];
  }

  dispose(): Promise<void> {
    return this.#dispose();
  }
}

const weightsFile = (finetuning: RunConfig["finetuning_type"]): string =>
  finetuning === "full" ? "model.safetensors" : "adapter_model.safetensors";

function methodOf(config: RunConfig, adapterDir: string | null): Method {
  if (config.finetuning_type === "full") return { kind: "full" };
  if (adapterDir !== null) return { kind: "adapter", directory: adapterDir };
  const { lora_r, lora_alpha, lora_dropout, target_modules } = config;
  const targetModules = target_modules.includes("all-linear") ? "all-linear" : target_modules;
  return { kind: "lora", rank: lora_r, alpha: lora_alpha, dropout: lora_dropout, targetModules };
}

function putBack(steps: TrainStep, config: RunConfig, resume: { path: string; step: number }): void {
  const weights = locateTensors(join(resume.path, weightsFile(config.finetuning_type)));
  const moments = locateTensors(join(resume.path, OPTIMIZER_FILE));
  steps.importWeights((name, target) => fill(weights, name, target));
  steps.importOptimizer(resume.step, (name, target) => fill(moments, name, target));
}

function fill(tensors: ReadonlyMap<string, TensorLocation>, name: string, target: Float32Array): void {
  const location = tensors.get(name);
  const size = location?.shape.reduce((a, b) => a * b, 1);
  if (location && size === target.length) return readTensor(location, target);
  throw new SiftError("checkpoint-damaged", `the checkpoint has no tensor ${name} of ${target.length} values`, {
    where: { what: name },
  });
}
