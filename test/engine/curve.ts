import { createHash } from "node:crypto";
import { join } from "node:path";
import { repositoryRoot } from "../shared.ts";
import { OrtEngine } from "#worker/engines/ort/engine.ts";
import { modelFromConfig, quantizedModel } from "#worker/models/folder.ts";
import { createTrainer, type Method, type TrainStep } from "#worker/train/step.ts";
import { grouped, microBatch, readRows } from "./training.ts";

/** A short run from random weights, and a hash of all that it trained; alone, as a process, it prints the hash. */

export const CONFIG = {
  model_type: "qwen2",
  vocab_size: 64,
  hidden_size: 48,
  intermediate_size: 80,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  tie_word_embeddings: true,
};

const rows = readRows(join(repositoryRoot, "test", "oracles", "training", "qwen2"));
export const batches = grouped(
  grouped(rows, 2).map((group) => microBatch(group)),
  2,
);

export const DROPOUT = { kind: "lora", rank: 4, alpha: 8, dropout: 0.3, targetModules: "all-linear" } satisfies Method;

export async function newTrainer(
  method: Method,
  options: { seed?: number; recompute?: boolean; bits?: 4 | 8 } = {},
): Promise<TrainStep> {
  const { seed = 5, recompute = false } = options;
  const model = modelFromConfig(CONFIG);
  const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 };
  return createTrainer({
    engine: new OrtEngine({ threads: 2 }),
    model: options.bits === undefined ? model : quantizedModel(model, options.bits),
    method,
    optimizer,
    seed,
    recompute,
  });
}

export async function hashOf(trainer: TrainStep): Promise<string> {
  const hash = createHash("sha256");
  for (const tensor of [...trainer.exportWeights(), ...trainer.exportOptimizer().tensors]) {
    hash.update(new Uint8Array((await tensor.read()).buffer));
  }
  return hash.digest("hex");
}

export async function curve(trainer: TrainStep, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (const batch of batches.slice(from, to)) losses.push((await trainer.step(batch, 1e-2)).loss);
  return losses;
}

if (process.argv[1]?.endsWith("curve.ts") === true) {
  for (const [method, bits] of [[{ kind: "full" }], [DROPOUT], [DROPOUT, 4]] as const) {
    const trainer = await newTrainer(method, bits === undefined ? {} : { bits });
    console.log(JSON.stringify({ losses: await curve(trainer, 0, 6), hash: await hashOf(trainer) }));
  }
}
