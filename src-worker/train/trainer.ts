import { join } from "node:path";
import type { RunConfig } from "#shared/config/index.ts";
import { SiftError } from "#shared/errors.ts";
import type { LoraAdapterConfig } from "#shared/formats/adapter-config.ts";
import type { EngineDescription } from "#worker/engines/engine.ts";
import { matmulPeak } from "#worker/engines/peak.ts";
import type { Generator } from "#worker/generate/generator.ts";
import type { MicroBatch } from "#worker/models/layout.ts";
import { RandomStream } from "#worker/models/random.ts";
import { locateTensors, readTensor, type TensorLocation } from "#worker/models/tensors.ts";
import { blankModel, loadModel, quantizedModel, type ModelSpec } from "#worker/models/folder.ts";
import { openEngine } from "../open-engine.ts";
import type { CountedBatch } from "./batches.ts";
import { embeddingNoise, noiseScale } from "./neftune.ts";
import { createTrainer, type Method, type NamedTensor, type StepResult, type TrainStep } from "./step.ts";
import { writeTensors } from "./tensor-file.ts";

/** Where a trainer's values come from. */
export interface TrainerSource {
  readonly modelDir: string;
  /** An adapter to go on training. */
  readonly adapterDir: string | null;
  /** A checkpoint whose weights, moments and update count are put back. */
  readonly resume: { readonly path: string; readonly step: number; readonly updates: number } | null;
  readonly threads: number;
}

const OPTIMIZER_FILE = "optimizer.safetensors";

/** A model in training: the engine that holds its tensors, and the steps over them. Call `dispose` when it is done with. */
export class Trainer {
  readonly engine: EngineDescription;
  /** What was ignored in the model folder, in words. */
  readonly notices: readonly string[];
  readonly #steps: TrainStep;
  readonly #model: ModelSpec;
  readonly #config: RunConfig;
  readonly #peak: () => Promise<number>;
  readonly #dispose: () => Promise<void>;

  private constructor(parts: {
    engine: EngineDescription;
    model: ModelSpec;
    config: RunConfig;
    steps: TrainStep;
    peak: () => Promise<number>;
    dispose: () => Promise<void>;
  }) {
    this.engine = parts.engine;
    this.notices = parts.model.notices;
    this.#model = parts.model;
    this.#config = parts.config;
    this.#steps = parts.steps;
    this.#peak = parts.peak;
    this.#dispose = parts.dispose;
  }

  static async open(config: RunConfig, source: TrainerSource): Promise<Trainer> {
    const engine = openEngine({ ...config, threads: source.threads });
    const model = openModel(config, source.modelDir);
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
      noise: config.neftune_noise_alpha !== null,
      seed: config.seed,
    });
    if (source.resume) putBack(steps, config, source.resume);
    return new Trainer({
      engine: engine.description,
      model,
      config,
      steps,
      peak: () => matmulPeak(engine),
      dispose: () => engine.dispose(),
    });
  }

  /** Tied tensors count once; an adapter counts towards the total. */
  get parameters(): { readonly total: number; readonly trainable: number } {
    return this.#steps.parameterCounts();
  }

  /** What is computed with, and what frozen weights are kept as. */
  get precision(): string {
    const { quantized } = this.#model.config;
    return quantized === undefined ? "float32" : `float32, frozen weights in ${quantized} bits`;
  }

  /** Of the adapter in training; undefined for full fine-tuning. */
  get adapter(): Omit<LoraAdapterConfig, "baseModel"> | undefined {
    const { lora } = this.#steps;
    if (!lora) return undefined;
    const { rank: r, alpha, dropout, rslora, dora } = lora;
    const modules = lora.saved.map(({ name }) => name.replace(/\.(weight|bias)$/, ""));
    return {
      ...{ r, alpha, dropout, rslora, dora },
      targetModules: this.#steps.targetModules,
      modulesToSave: [...new Set(modules)],
    };
  }

  /** Updates made so far: the steps without those that were skipped. */
  get updates(): number {
    return this.#steps.updates;
  }

  /** One update from all micro-batches together. `step` k = 0, 1, … decides the noise. */
  step(batches: readonly CountedBatch[], at: { step: number; learningRate: number }): Promise<StepResult> {
    return this.#steps.step(
      batches.map((batch) => this.#noisy(batch, at.step)),
      at.learningRate,
    );
  }

  /** Loss and gradients of a step that is not made. */
  measure(batches: readonly CountedBatch[]): Promise<{ loss: number; gradNorm: number }> {
    return this.#steps.measure(batches.map(({ batch }) => batch));
  }
  gradients(): NamedTensor[] {
    return this.#steps.gradients();
  }

  /** Gives a fresh adapter's zero halves some values: while they are zero, the other halves have no gradient to compare. */
  leaveZero(seed: number): void {
    for (const { name } of this.#steps.exportWeights()) {
      if (!name.endsWith(".lora_B.weight")) continue;
      const random = new RandomStream(seed, `setup/${name}`);
      this.#steps.overwrite(name, (target) => random.fillNormal(target, 0.02));
    }
  }

  #noisy({ batch, rows }: CountedBatch, step: number): MicroBatch {
    const { neftune_noise_alpha: alpha, seed } = this.#config;
    if (alpha === null) return batch;
    const { config, raw } = this.#model;
    const { hiddenSize } = config;
    const scale = noiseScale(raw, config);
    const noise = embeddingNoise({ rows, documents: batch.documents }, { alpha, hiddenSize, scale, seed, step });
    return { ...batch, noise };
  }

  /** Of this machine; see `matmulPeak`. */
  matmulPeak(): Promise<number> {
    return this.#peak();
  }

  /** Writes with the weights as they are whenever it reads. */
  generator(): Promise<Generator> {
    return this.#steps.generator();
  }

  /** Bytes that `save` will write: float32 weights and two moments of what is trained. */
  savedBytes({ optimizer }: { optimizer: boolean }): number {
    return this.parameters.trainable * 4 * (optimizer ? 3 : 1);
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

  /** Takes over a checkpoint's weights, for saving or evaluating; training does not go on from them. */
  loadWeights(folder: string): void {
    const weights = locateTensors(join(folder, weightsFile(this.adapter ? "lora" : "full")));
    this.#steps.importWeights((name, target) => fill(weights, name, target));
  }

  dispose(): Promise<void> {
    return this.#dispose();
  }
}

function openModel(config: RunConfig, directory: string): ModelSpec {
  const model = config.from_scratch ? blankModel(directory) : loadModel(directory);
  return config.quantization === "none" ? model : quantizedModel(model, config.quantization === "4bit" ? 4 : 8);
}

const weightsFile = (finetuning: RunConfig["finetuning_type"]): string =>
  finetuning === "lora" ? "adapter_model.safetensors" : "model.safetensors";

function methodOf(config: RunConfig, adapterDir: string | null): Method {
  if (config.finetuning_type === "full") return { kind: "full" };
  if (config.finetuning_type === "freeze") return { kind: "freeze", layers: config.freeze_trainable_layers };
  if (adapterDir !== null) return { kind: "adapter", directory: adapterDir };
  const { lora_r, lora_alpha, lora_dropout, target_modules } = config;
  const targetModules = target_modules.includes("all-linear") ? "all-linear" : target_modules;
  const { use_rslora: rslora, use_dora: dora, modules_to_save: modulesToSave } = config;
  const sizes = { rank: lora_r, alpha: lora_alpha, dropout: lora_dropout };
  return { kind: "lora", ...sizes, targetModules, rslora, dora, modulesToSave };
}

function putBack(steps: TrainStep, config: RunConfig, resume: NonNullable<TrainerSource["resume"]>): void {
  const weights = locateTensors(join(resume.path, weightsFile(config.finetuning_type)));
  const moments = locateTensors(join(resume.path, OPTIMIZER_FILE));
  steps.importWeights((name, target) => fill(weights, name, target));
  steps.importOptimizer({ steps: resume.step, updates: resume.updates }, (name, target) => fill(moments, name, target));
}

function fill(tensors: ReadonlyMap<string, TensorLocation>, name: string, target: Float32Array): void {
  const location = tensors.get(name);
  const size = location?.shape.reduce((a, b) => a * b, 1);
  if (location && size === target.length) return readTensor(location, target);
  throw new SiftError("checkpoint-damaged", `the checkpoint has no tensor ${name} of ${target.length} values`, {
    where: { what: name },
  });
}
