import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { repositoryRoot, sharedPath } from "../shared.ts";
import { OrtEngine } from "#worker/engines/ort/engine.ts";
import { createGenerator } from "#worker/generate/generator.ts";
import { loadModel } from "#worker/models/folder.ts";
import { createTrainer, type Method, type TrainStep } from "#worker/train/step.ts";
import { grouped, microBatch, norm, readExpected, readRows, type Expected, type TokenRow } from "./training.ts";

/** Curves, logits and gradients against what `transformers`, PEFT and PyTorch computed (float32, CPU). */

const ours = join(repositoryRoot, "test", "oracles", "training");
const SHARED = ["llama", "qwen2", "mistral", "qwen3", "olmo2", "granite", "smollm3", "phi3", "gemma3"];
const families: readonly [name: string, folder: string | undefined][] = [
  ...SHARED.map((name) => [`${name} (../shared)`, sharedPath("oracles", "training", name)] as const),
  ...(existsSync(ours) ? readdirSync(ours) : [])
    .filter((name) => !name.includes("."))
    .map((name) => [`${name} (own)`, join(ours, name)] as const),
].map(([name, folder]) => [name ?? "", folder]);

const engines: OrtEngine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});
function newEngine(threads = 2): OrtEngine {
  const engine = new OrtEngine({ threads });
  engines.push(engine);
  return engine;
}

function trainer(folder: string, method: Method, expected: Expected): Promise<TrainStep> {
  const {
    betas: [beta1, beta2],
    eps: epsilon,
    weight_decay: weightDecay,
    clip: maxGradNorm,
  } = expected.run;
  const optimizer = { beta1, beta2, epsilon, weightDecay, maxGradNorm };
  return createTrainer({ engine: newEngine(), model: loadModel(join(folder, "model")), method, optimizer, seed: 1 });
}

const methods = (folder: string): readonly ["full" | "lora", Method][] => [
  ["full", { kind: "full" }],
  ["lora", { kind: "adapter", directory: join(folder, "adapter-init") }],
];

for (const [name, at] of families) {
  describe.skipIf(at === undefined)(name, () => {
    const folder = at ?? "";

    test("logits and log-sum-exp of the first row", async () => {
      const expected = readExpected(folder);
      const [row] = readRows(folder);
      const generator = await createGenerator({ engine: newEngine(), model: loadModel(join(folder, "model")) });
      const ids = Int32Array.from(row?.input_ids ?? []);
      const logits = await generator.logits(ids);
      const vocabulary = logits.length / ids.length;
      expected.logits_row0.forEach((wanted, position) => {
        const got = logits.subarray(position * vocabulary, (position + 1) * vocabulary);
        wanted.forEach((value, column) => expect(Math.abs((got[column] ?? NaN) - value)).toBeLessThan(1e-4));
        const lse = Math.log(got.reduce((total, value) => total + Math.exp(value), 0));
        expect(Math.abs(lse - (expected.logsumexp_row0[position] ?? NaN))).toBeLessThan(1e-4);
      });
    });

    test("gradient norm of every parameter in the first step", async () => {
      const expected = readExpected(folder);
      const step = await trainer(folder, { kind: "full" }, expected);
      await step.step([microBatch(readRows(folder).slice(0, 4))], 0);
      const gradients = step.gradients();
      expect(gradients.map((g) => g.name).sort()).toEqual(Object.keys(expected.grad_norms_first_step_full).sort());
      for (const gradient of gradients) {
        const wanted = expected.grad_norms_first_step_full[gradient.name] ?? NaN;
        expect(Math.abs(norm(await gradient.read()) / wanted - 1), gradient.name).toBeLessThan(1e-3);
      }
    });

    test.each(methods(folder))("20 steps and evaluation, %s", async (key, method) => {
      const expected = readExpected(folder);
      const rows = readRows(folder);
      const { batch_size: batch, accumulation } = expected.run;
      const step = await trainer(folder, method, expected);
      if (key === "full")
        expect(step.parameterCounts()).toEqual({ total: expected.parameters, trainable: expected.parameters });
      const micro = grouped(rows, batch).map((group) => microBatch(group));
      const worst = { loss: 0, gradNorm: 0 };
      for (const [index, batches] of grouped(micro, accumulation).entries()) {
        const wanted = expected[key].steps[index];
        if (!wanted) break;
        const got = await step.step(batches, wanted.learning_rate);
        worst.loss = Math.max(worst.loss, Math.abs(got.loss - wanted.loss));
        worst.gradNorm = Math.max(worst.gradNorm, Math.abs(got.gradNorm / wanted.grad_norm - 1));
      }
      expect(worst.loss).toBeLessThan(1e-4);
      expect(worst.gradNorm).toBeLessThan(1e-3);
      const { lossSum, weightSum } = await step.evaluate(micro);
      expect(Math.abs(lossSum / weightSum - expected[key].eval_loss_after)).toBeLessThan(1e-4);
      console.log(
        `${name} ${key}: loss within ${worst.loss.toExponential(1)}, gradient norm within ${worst.gradNorm.toExponential(1)}`,
      );
    });

    test("a step whose tokens carry weights", async ({ skip }) => {
      const expected = readExpected(folder);
      const { weighted } = expected;
      if (!weighted) return skip("this oracle has none");
      const rows = readRows(folder);
      const batches = weighted.weights.map((weights, index) => {
        const batch = microBatch(rows.slice(index, index + 1));
        return { ...batch, weights: batch.weights.map((weight, i) => weight * (weights[i] ?? 0)) };
      });
      const { loss, gradNorm } = await (await trainer(folder, { kind: "full" }, expected)).step(batches, 0);
      expect(Math.abs(loss - weighted.loss)).toBeLessThan(1e-5);
      expect(Math.abs(gradNorm / weighted.grad_norm - 1)).toBeLessThan(1e-4);
    });

    test("layout and split into micro-batches change neither loss nor gradients", async () => {
      const expected = readExpected(folder);
      const rows = readRows(folder).slice(0, 8);
      const split = (size: number, padTo = 0) =>
        grouped(rows, size).map((group: TokenRow[]) => microBatch(group, padTo));
      const splits = { "8×1": split(8), "4×2": split(4), "2×4": split(2), "1×8": split(1) };
      // a longrope model turns a text by its length, of which padding would be a part
      const layouts = name.includes("longrope") ? splits : { ...splits, padded: split(2, 64) };
      const results = [];
      for (const [layout, batches] of Object.entries(layouts)) {
        const step = await trainer(folder, { kind: "full" }, expected);
        const { loss, gradNorm } = await step.step(batches, 1e-3);
        const gradients = await Promise.all(
          step.gradients().map(async (g) => ({ name: g.name, values: await g.read() })),
        );
        results.push({ layout, loss, gradNorm, gradients });
      }
      const [first] = results;
      for (const result of results) {
        expect(Math.abs(result.loss / (first?.loss ?? NaN) - 1), result.layout).toBeLessThan(1e-5);
        expect(Math.abs(result.gradNorm / (first?.gradNorm ?? NaN) - 1), result.layout).toBeLessThan(1e-5);
        result.gradients.forEach(({ name: parameter, values }, index) => {
          const reference = first?.gradients[index]?.values ?? new Float32Array();
          const difference = norm(values.map((value, i) => value - (reference[i] ?? NaN)));
          expect(difference / norm(reference), `${result.layout}: ${parameter}`).toBeLessThan(1e-5);
        });
      }
    });
  });
}
