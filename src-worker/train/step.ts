import { SiftError } from "#shared/errors.ts";
import { flopsOf } from "#worker/graph/flops.ts";
import { int, type Engine, type Program } from "#worker/engines/engine.ts";
import type { ModelSpec } from "#worker/models/folder.ts";
import { loraValues } from "#worker/models/initialise.ts";
import { put, putModel } from "#worker/train/load.ts";
import { layOut, type Layout, type MicroBatch } from "#worker/models/layout.ts";
import { loadAdapter, loraParameters, type AdapterSpec, type LoraPlan } from "#worker/models/lora.ts";
import { EMBEDDING, type LinearModule, type Parameter } from "#worker/models/parameters.ts";
import {
  namesOfTargets,
  parametersOfLayers,
  savedParameters,
  targetedModules,
  type Targets,
} from "#worker/models/targets.ts";
import {
  firstMoment,
  GRADIENT_NORM,
  gradientBuffer,
  normGraph,
  secondMoment,
  updateFeeds,
  updateGraphs,
  type OptimizerOptions,
} from "./adamw.ts";
import { generatorOver, type Generator } from "#worker/generate/generator.ts";
import { lossFeeds, lossGraph, sizesOf } from "./loss-graph.ts";

export type Method =
  | { readonly kind: "full" }
  | {
      readonly kind: "lora";
      readonly rank: number;
      readonly alpha: number;
      readonly dropout: number;
      readonly targetModules: Targets;
      readonly rslora?: boolean;
      readonly dora?: boolean;
      readonly modulesToSave?: readonly string[];
    }
  /** The last `layers` layers alone, or the first ones where it is negative. */
  | { readonly kind: "freeze"; readonly layers: number }
  /** Goes on training an adapter: rank, alpha and layers are its own. */
  | { readonly kind: "adapter"; readonly directory: string };

export interface TrainerOptions {
  readonly engine: Engine;
  readonly model: ModelSpec;
  readonly method: Method;
  readonly optimizer: OptimizerOptions;
  /** Gradient checkpointing: a layer at a time is computed again in the backward pass. Same result, less memory, slower. */
  readonly recompute?: boolean;
  /** Micro-batches bring noise for their embeddings. */
  readonly noise?: boolean;
  /** Draws first values and dropout masks. */
  readonly seed: number;
}

export interface StepResult {
  /** Σ weight · token loss / Σ weight over the whole step. */
  readonly loss: number;
  /** Norm of all gradients together, before clipping. */
  readonly gradNorm: number;
  /** Loss or norm was not a finite number: nothing was changed. */
  readonly skipped: boolean;
  readonly tokens: number;
  /** Positions with a scored target. */
  readonly supervised: number;
  /** Floating point operations of the matrix products. */
  readonly flops: number;
}

/** A tensor that is read when it is wanted, so that a checkpoint never doubles a model's memory. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
}

export interface OptimizerState {
  /** Updates made so far. */
  readonly updates: number;
  /** `exp_avg/NAME` and `exp_avg_sq/NAME` of every trained parameter. */
  readonly tensors: readonly NamedTensor[];
}

/** Opens a trainer: loads or draws the weights into the engine and compiles the step. */
export async function createTrainer(options: TrainerOptions): Promise<TrainStep> {
  const { engine, model, method } = options;
  const lora = planOf(model, method);
  const { seed } = options;
  const trained = lora ? loraParameters(lora) : trainedParameters(model, method);
  putModel(engine, model, { seed, without: replaced(model, lora) });
  if (lora) for (const parameter of trained) put(engine, parameter, loraValues(model, lora, { parameter, seed }));
  for (const { name, shape } of trained) {
    for (const buffer of [gradientBuffer(name), firstMoment(name), secondMoment(name)]) engine.allocate(buffer, shape);
  }
  engine.allocate(GRADIENT_NORM, [1]);
  const gradients = await engine.compile(
    lossGraph({
      model,
      trained,
      recompute: options.recompute ?? false,
      noise: options.noise ?? false,
      ...(lora ? { lora } : {}),
    }),
  );
  const norm = await engine.compile(normGraph(trained));
  const updates: Program[] = [];
  for (const graph of updateGraphs(trained, options.optimizer)) updates.push(await engine.compile(graph));
  return new TrainStep({ options, lora, trained, gradients, norm, updates });
}

function planOf({ config }: ModelSpec, method: Method): LoraPlan | AdapterSpec | undefined {
  if (method.kind === "full" || method.kind === "freeze") return undefined;
  if (method.kind === "adapter") return loadAdapter(method.directory, config);
  const { rank, alpha, dropout, rslora = false, dora = false } = method;
  const saved = savedParameters(config, method.modulesToSave ?? []);
  const isSaved = ({ name }: LinearModule): boolean => saved.some((parameter) => parameter.name === `${name}.weight`);
  const modules = targetedModules(config, method.targetModules).filter((module) => !isSaved(module));
  return { rank, alpha, dropout, rslora, dora, modules, saved };
}

const trainedParameters = ({ config, parameters }: ModelSpec, method: Method): readonly Parameter[] =>
  method.kind === "freeze" ? parametersOfLayers(config, method.layers) : parameters;

/** Parameters that an adapter has its own of, so that the model's are not needed; a tied embedding is the head too. */
const replaced = ({ config }: ModelSpec, lora: LoraPlan | undefined): ReadonlySet<string> =>
  new Set(lora?.saved.map(({ name }) => name).filter((name) => !(config.tied && name === EMBEDDING)));

interface Parts {
  readonly options: TrainerOptions;
  readonly lora: LoraPlan | undefined;
  readonly trained: readonly Parameter[];
  readonly gradients: Program;
  readonly norm: Program;
  /** The update in parts. */
  readonly updates: readonly Program[];
}

interface LaidOut {
  readonly batch: MicroBatch;
  readonly layout: Layout;
}

/** One optimizer step after another over an engine's buffers. Owns its programs; the engine owns the tensors. */
export class TrainStep {
  readonly #parts: Parts;
  #evaluation: Program | undefined;
  #steps = 0;
  #updates = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** What is adapted; undefined for full fine-tuning. */
  get lora(): LoraPlan | undefined {
    return this.#parts.lora;
  }

  /** `target_modules` of the adapter's configuration. */
  get targetModules(): readonly string[] {
    const { lora, options } = this.#parts;
    return lora ? namesOfTargets(options.model.config, lora.modules) : [];
  }

  /** Steps made so far, and updates among them: a step that is not finite makes none. */
  get steps(): number {
    return this.#steps;
  }
  get updates(): number {
    return this.#updates;
  }

  /**
   * One update from all micro-batches together: how they are split changes nothing. Loss or gradients that are not finite
   * leave weights and moments as they are.
   * @throws SiftError `step-unscored` where no position of the step is scored, `micro-batch` for wrong input.
   */
  async step(microBatches: readonly MicroBatch[], learningRate: number): Promise<StepResult> {
    const laidOut = this.#layOut(microBatches);
    const { loss, gradNorm, flops } = await this.#accumulate(laidOut);
    this.#steps++;
    const skipped = !Number.isFinite(loss) || !Number.isFinite(gradNorm);
    if (!skipped) await this.#update(learningRate);
    const tokens = sum(laidOut.map(({ layout }) => layout.tokens));
    return { loss, gradNorm, skipped, tokens, supervised: sum(laidOut.map(({ layout }) => layout.scored)), flops };
  }

  /** Loss and gradients (to be read with `gradients`) of a step that is not made. */
  measure(microBatches: readonly MicroBatch[]): Promise<{ loss: number; gradNorm: number }> {
    return this.#accumulate(this.#layOut(microBatches));
  }

  /** Fills the gradient buffers from all micro-batches together. */
  async #accumulate(laidOut: readonly LaidOut[]): Promise<{ loss: number; gradNorm: number; flops: number }> {
    const { trained, gradients } = this.#parts;
    const { engine } = this.#parts.options;
    const weightSum = sum(laidOut.map(({ layout }) => layout.weightSum));
    if (!(weightSum > 0)) throw new SiftError("step-unscored", "no position of this step is scored");
    for (const { name } of trained) engine.load(gradientBuffer(name), (target) => void target.fill(0));
    let [loss, flops] = [0, 0];
    for (const [index, { batch, layout }] of laidOut.entries()) {
      if (layout.scored === 0) continue;
      flops += flopsOf(gradients.graph, sizesOf(layout));
      const feeds = { ...lossFeeds(batch, layout, weightSum), dropout_seed: int(this.#dropoutSeed(index)) };
      loss += first(await gradients.run(feeds), "loss");
    }
    await this.#parts.norm.run({});
    const [gradNorm = NaN] = await engine.read(GRADIENT_NORM);
    return { loss, gradNorm, flops };
  }

  async #update(learningRate: number): Promise<void> {
    this.#updates++;
    const feeds = updateFeeds(this.#parts.options.optimizer, this.#updates, learningRate);
    for (const update of this.#parts.updates) await update.run(feeds);
  }

  #layOut(microBatches: readonly MicroBatch[]): LaidOut[] {
    const { config } = this.#parts.options.model;
    return microBatches.map((batch) => ({ batch, layout: layOut(batch, config) }));
  }

  /** A function of seed, step and micro-batch, so that a resumed run drops what the uninterrupted one did. */
  #dropoutSeed(microBatch: number): Int32Array {
    const mix = (value: number): number =>
      (Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) ^ (value >>> 12)) & 0x7fffffff;
    return Int32Array.of(mix(this.#parts.options.seed + Math.imul(this.#steps, 0x9e3779b1)), mix(microBatch + 1));
  }

  /** Without dropout and without touching anything; divide to get the mean. */
  async evaluate(microBatches: readonly MicroBatch[]): Promise<{ lossSum: number; weightSum: number }> {
    const { options, lora } = this.#parts;
    this.#evaluation ??= await options.engine.compile(
      lossGraph({ model: options.model, trained: [], ...(lora ? { lora } : {}) }),
    );
    let lossSum = 0;
    let weightSum = 0;
    for (const { batch, layout } of this.#layOut(microBatches)) {
      if (layout.scored === 0) continue;
      lossSum += first(await this.#evaluation.run(lossFeeds(batch, layout, 1)), "loss");
      weightSum += layout.weightSum;
    }
    return { lossSum, weightSum };
  }

  /** What is saved: the whole model by Hugging Face's names, or the adapter by PEFT's. */
  exportWeights(): NamedTensor[] {
    const { lora, trained, options } = this.#parts;
    return (lora ? trained : options.model.parameters).map(({ name, shape }) => this.#named(name, shape));
  }

  exportOptimizer(): OptimizerState {
    const moments = this.#parts.trained.flatMap(({ name, shape }) => [
      this.#named(firstMoment(name), shape),
      this.#named(secondMoment(name), shape),
    ]);
    return { updates: this.#updates, tensors: moments };
  }

  /** Gradients of the last step, before clipping, by parameter. */
  gradients(): NamedTensor[] {
    return this.#parts.trained.map(({ name, shape }) => ({ ...this.#named(gradientBuffer(name), shape), name }));
  }

  #named(name: string, shape: readonly number[]): NamedTensor {
    return { name, shape, read: () => this.#parts.options.engine.read(name) };
  }

  /** Puts trained weights back; `fill` writes the named tensor. */
  importWeights(fill: (name: string, target: Float32Array) => void): void {
    for (const { name } of this.#parts.trained) this.#parts.options.engine.load(name, (target) => fill(name, target));
  }

  /** Writes the values of one trained parameter. */
  overwrite(name: string, fill: (target: Float32Array) => void): void {
    this.#parts.options.engine.load(name, fill);
  }

  /** Puts moments (by the names of `exportOptimizer`) and the numbers of steps and updates back. */
  importOptimizer(made: { steps: number; updates: number }, fill: (name: string, target: Float32Array) => void): void {
    this.#steps = made.steps;
    this.#updates = made.updates;
    for (const { name } of this.#parts.trained) {
      for (const moment of [firstMoment(name), secondMoment(name)]) {
        this.#parts.options.engine.load(moment, (target) => fill(moment, target));
      }
    }
  }

  /** Tied tensors count once; an adapter's count towards the total. */
  parameterCounts(): { total: number; trainable: number } {
    const count = (parameters: readonly Parameter[]): number =>
      sum(parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1)));
    const trainable = count(this.#parts.trained);
    return { total: count(this.#parts.options.model.parameters) + (this.lora ? trainable : 0), trainable };
  }

  /** Writes with the weights as they are in the moment that it reads. */
  generator(): Promise<Generator> {
    const { options, lora } = this.#parts;
    return generatorOver(options.engine, options.model, lora);
  }

  async dispose(): Promise<void> {
    const { gradients, norm, updates } = this.#parts;
    for (const program of [gradients, norm, ...updates, this.#evaluation]) await program?.dispose();
  }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const first = (outputs: Awaited<ReturnType<Program["run"]>>, name: string): number => outputs[name]?.data[0] ?? NaN;
