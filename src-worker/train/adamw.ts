import { GraphBuilder } from "#worker/graph/builder.ts";
import type { Graph, ValueId } from "#worker/graph/ops.ts";
import { float, type HostTensor } from "#worker/engines/engine.ts";

export interface OptimizerOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** 0 switches clipping off. */
  readonly maxGradNorm: number;
}

/** Names of the buffers that belong to a trained parameter. */
export const gradientBuffer = (name: string): string => `gradient/${name}`;
export const firstMoment = (name: string): string => `exp_avg/${name}`;
export const secondMoment = (name: string): string => `exp_avg_sq/${name}`;

/** The rule of transformers' Trainer: biases and norms do not decay, everything else does. */
export function decays(name: string): boolean {
  const lower = name.toLowerCase();
  return !/bias|layernorm|rmsnorm|(^|\.)norm(\.|$)|_norm(\.|$)/.test(lower);
}

/** What an update is fed with; all that depends on the step is computed on the host in double precision. */
const FEEDS = ["step_size", "root_correction", "decay"] as const;

/** `step` counts from 1. */
export function updateFeeds(options: OptimizerOptions, step: number, learningRate: number): Record<string, HostTensor> {
  const values: Record<(typeof FEEDS)[number], number> = {
    step_size: learningRate / (1 - options.beta1 ** step),
    root_correction: Math.sqrt(1 - options.beta2 ** step),
    decay: 1 - learningRate * options.weightDecay,
  };
  return Object.fromEntries(FEEDS.map((name) => [name, float(Float32Array.of(values[name]), [])]));
}

interface Trained {
  readonly name: string;
  readonly shape: readonly number[];
}

/** One buffer, [1]: the norm of all gradients together, before clipping. */
export const GRADIENT_NORM = "grad_norm";

/** Writes GRADIENT_NORM. */
export function normGraph(parameters: readonly Trained[]): Graph {
  const b = new GraphBuilder("gradient norm");
  const squares = parameters.map(({ name, shape }) => squaredNorm(b, b.buffer(gradientBuffer(name), shape)));
  const norm = b.sqrt(squares.reduce((total, square) => b.add(total, square)));
  b.output(GRADIENT_NORM, b.reshape(norm, [1]), GRADIENT_NORM);
  return b.finish();
}

/** Row sums first: one long float32 sum of 10⁸ squares would lose digits. */
function squaredNorm(b: GraphBuilder, gradient: ValueId): ValueId {
  const rows = b.squareSum(gradient, [b.type(gradient).shape.length - 1]);
  const rest = b.type(rows).shape.map((_, axis) => axis);
  return rest.length > 0 ? b.sum(rows, rest) : rows;
}

/** A graph's temporaries grow with its parameters, so an update is made of groups of about this many values. */
const GROUP_VALUES = 1 << 25;

/**
 * Clipping and AdamW (decoupled, as in PyTorch: torch/optim/adamw.py), in place, from GRADIENT_NORM:
 * g ← g · min(1, max / (‖g‖ + 1e-6)); m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²;
 * p ← decay · p − step_size · m / (√v / root_correction + ε). Together the graphs update every parameter once.
 */
export function updateGraphs(parameters: readonly Trained[], options: OptimizerOptions): Graph[] {
  const groups: Trained[][] = [];
  let values = Infinity;
  for (const parameter of parameters) {
    const size = parameter.shape.reduce((a, b) => a * b, 1);
    if (values + size > GROUP_VALUES) {
      groups.push([]);
      values = 0;
    }
    groups.at(-1)?.push(parameter);
    values += size;
  }
  return groups.map((group) => updateGraph(group, options));
}

/** Scalars that all parameters of a graph share. */
interface Scalars {
  readonly clip: ValueId | undefined;
  readonly stepSize: ValueId;
  readonly rootCorrection: ValueId;
  readonly decay: ValueId;
}

function updateGraph(parameters: readonly Trained[], options: OptimizerOptions): Graph {
  const b = new GraphBuilder("update");
  const scalar = (name: (typeof FEEDS)[number]): ValueId => b.feed(name, { dtype: "f32", shape: [] });
  const scalars: Scalars = {
    clip: options.maxGradNorm > 0 ? clipFactor(b, options.maxGradNorm) : undefined,
    stepSize: scalar("step_size"),
    rootCorrection: scalar("root_correction"),
    decay: scalar("decay"),
  };
  for (const parameter of parameters) updateOne(b, parameter, { options, scalars });
  return b.finish();
}

function clipFactor(b: GraphBuilder, maxGradNorm: number): ValueId {
  const norm = b.affine(b.buffer(GRADIENT_NORM, [1]), 1, 1e-6);
  return b.minimum(b.div(b.constant([maxGradNorm], [1]), norm), b.constant([1], [1]));
}

function updateOne(
  b: GraphBuilder,
  { name, shape }: Trained,
  at: { options: OptimizerOptions; scalars: Scalars },
): void {
  const { beta1, beta2, epsilon, weightDecay } = at.options;
  const { clip, stepSize, rootCorrection, decay } = at.scalars;
  const raw = b.buffer(gradientBuffer(name), shape);
  const gradient = clip === undefined ? raw : b.mul(raw, clip);
  const moment = (buffer: string, beta: number, value: ValueId): ValueId =>
    b.add(b.affine(b.buffer(buffer, shape), beta), b.affine(value, 1 - beta));
  const first = moment(firstMoment(name), beta1, gradient);
  const second = moment(secondMoment(name), beta2, b.mul(gradient, gradient));
  const denominator = b.affine(b.div(b.sqrt(second), rootCorrection), 1, epsilon);
  const value = b.buffer(name, shape);
  const kept = weightDecay > 0 && decays(name) ? b.mul(value, decay) : value;
  b.output(firstMoment(name), first, firstMoment(name));
  b.output(secondMoment(name), second, secondMoment(name));
  b.output(name, b.sub(kept, b.mul(b.div(first, denominator), stepSize)), name);
}
