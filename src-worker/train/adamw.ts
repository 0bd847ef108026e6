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

/**
 * Clipping and AdamW (decoupled, as in PyTorch: torch/optim/adamw.py) over all trained parameters, in place:
 * g ← g · min(1, max / (‖g‖ + 1e-6)); m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²;
 * p ← decay · p − step_size · m / (√v / root_correction + ε). Returns `grad_norm`, before clipping.
 */
export function updateGraph(parameters: readonly Trained[], options: OptimizerOptions): Graph {
  const b = new GraphBuilder("update");
  const scalar = (name: (typeof FEEDS)[number]): ValueId => b.feed(name, { dtype: "f32", shape: [] });
  const feeds = { step: scalar("step_size"), root: scalar("root_correction"), decay: scalar("decay") };
  const gradients = parameters.map(({ name, shape }) => b.buffer(gradientBuffer(name), shape));
  const norm = b.sqrt(gradients.map((gradient) => squaredSum(b, gradient)).reduce((a, c) => b.add(a, c)));
  b.output("grad_norm", norm);
  const { maxGradNorm } = options;
  const clip =
    maxGradNorm > 0 ? b.minimum(b.div(b.constant([maxGradNorm]), b.affine(norm, 1, 1e-6)), b.constant([1])) : undefined;
  parameters.forEach((parameter, index) => {
    const raw = gradients[index] ?? -1;
    updateOne(b, parameter, { options, feeds, gradient: clip === undefined ? raw : b.mul(raw, clip) });
  });
  return b.finish();
}

/** Row sums first: one long float32 sum of 10⁸ squares would lose digits. */
function squaredSum(b: GraphBuilder, gradient: ValueId): ValueId {
  const { shape } = b.type(gradient);
  const rows = b.sum(b.mul(gradient, gradient), [shape.length - 1]);
  const rest = b.type(rows).shape.map((_, axis) => axis);
  return rest.length > 0 ? b.sum(rows, rest) : rows;
}

function updateOne(
  b: GraphBuilder,
  { name, shape }: Trained,
  at: { options: OptimizerOptions; feeds: { step: ValueId; root: ValueId; decay: ValueId }; gradient: ValueId },
): void {
  const {
    options: { beta1, beta2, epsilon, weightDecay },
    feeds,
    gradient,
  } = at;
  const moment = (buffer: string, beta: number, value: ValueId): ValueId =>
    b.add(b.affine(b.buffer(buffer, shape), beta), b.affine(value, 1 - beta));
  const first = moment(firstMoment(name), beta1, gradient);
  const second = moment(secondMoment(name), beta2, b.mul(gradient, gradient));
  const denominator = b.affine(b.div(b.sqrt(second), feeds.root), 1, epsilon);
  const value = b.buffer(name, shape);
  const kept = weightDecay > 0 && decays(name) ? b.mul(value, feeds.decay) : value;
  b.output(firstMoment(name), first, firstMoment(name));
  b.output(secondMoment(name), second, secondMoment(name));
  b.output(name, b.sub(kept, b.mul(b.div(first, denominator), feeds.step)), name);
}
