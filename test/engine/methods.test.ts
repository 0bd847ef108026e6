import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { repositoryRoot } from "../shared.ts";
import { SiftError } from "#shared/errors.ts";
import { OrtEngine } from "#worker/engines/ort/engine.ts";
import { createGenerator } from "#worker/generate/generator.ts";
import { loadModel, modelFromConfig } from "#worker/models/folder.ts";
import { linearModules } from "#worker/models/parameters.ts";
import { namesOfTargets, parametersOfLayers, savedParameters, targetedModules } from "#worker/models/targets.ts";
import { createTrainer, type Method, type TrainStep } from "#worker/train/step.ts";
import { CONFIG } from "./curve.ts";
import { grouped, microBatch, norm, readRows, type Curve, type Expected } from "./training.ts";

/** Kinds of LoRA, modules that are saved whole and frozen layers against PEFT (test/oracles/methods/make.py). */

interface MethodOracle extends Curve {
  readonly model: string;
  readonly run: Expected["run"];
  readonly freeze_layers: number | null;
  readonly lora: {
    readonly target_modules: string | string[];
    readonly use_dora?: boolean;
    readonly use_rslora?: boolean;
    readonly modules_to_save?: string[];
  } | null;
  readonly grad_norms_first_step: Readonly<Record<string, number>>;
  readonly logits_row0: readonly (readonly number[])[];
}

const oracles = join(repositoryRoot, "test", "oracles");
const folders = readdirSync(join(oracles, "methods")).filter((name) => !name.includes("."));
const engines: OrtEngine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});
function newEngine(): OrtEngine {
  const engine = new OrtEngine({ threads: 2 });
  engines.push(engine);
  return engine;
}

describe.each(folders)("%s", (name) => {
  const folder = join(oracles, "methods", name);
  const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as MethodOracle;
  const model = join(oracles, "training", expected.model);
  const rows = readRows(model);
  const adapter = join(folder, "adapter-init");
  const method: Method =
    expected.freeze_layers === null
      ? { kind: "adapter", directory: adapter }
      : { kind: "freeze", layers: expected.freeze_layers };

  function trainer(): Promise<TrainStep> {
    const { betas, eps: epsilon, weight_decay: weightDecay, clip: maxGradNorm } = expected.run;
    const optimizer = { beta1: betas[0], beta2: betas[1], epsilon, weightDecay, maxGradNorm };
    return createTrainer({
      engine: newEngine(),
      model: loadModel(join(model, "model")),
      method,
      optimizer,
      seed: 1,
    });
  }

  test("logits of the first row, all at once and token by token", async () => {
    const own = existsSync(adapter) ? { adapter } : {};
    const generator = await createGenerator({ engine: newEngine(), model: loadModel(join(model, "model")), ...own });
    const ids = Int32Array.from(rows[0]?.input_ids ?? []);
    const logits = await generator.logits(ids);
    const vocabulary = logits.length / ids.length;
    const close = (got: Float32Array, position: number): void =>
      expected.logits_row0[position]?.forEach((value, column) =>
        expect(Math.abs((got[column] ?? NaN) - value), `position ${position}`).toBeLessThan(1e-4),
      );
    for (let position = 0; position < ids.length; position++)
      close(logits.subarray(position * vocabulary, (position + 1) * vocabulary), position);
    let last = await generator.prefill(ids.subarray(0, 2));
    for (let position = 1; position < ids.length; position++) {
      close(last, position);
      if (position + 1 < ids.length) last = await generator.next(ids[position + 1] ?? 0);
    }
  });

  test("gradient norm of every trained parameter in the first step", async () => {
    const step = await trainer();
    await step.step([microBatch(rows.slice(0, 4))], 0);
    const gradients = step.gradients();
    expect(gradients.map((g) => g.name).sort()).toEqual(Object.keys(expected.grad_norms_first_step).sort());
    for (const gradient of gradients) {
      const wanted = expected.grad_norms_first_step[gradient.name] ?? NaN;
      expect(Math.abs(norm(await gradient.read()) / wanted - 1), gradient.name).toBeLessThan(1e-3);
    }
  });

  test("the curve and the loss afterwards", async () => {
    const { batch_size: size, accumulation } = expected.run;
    const step = await trainer();
    const micro = grouped(rows, size).map((group) => microBatch(group));
    for (const [index, batches] of grouped(micro, accumulation).entries()) {
      const wanted = expected.steps[index];
      if (!wanted) break;
      const got = await step.step(batches, wanted.learning_rate);
      expect(Math.abs(got.loss - wanted.loss), `step ${index}`).toBeLessThan(1e-4);
      expect(Math.abs(got.gradNorm / wanted.grad_norm - 1), `step ${index}`).toBeLessThan(1e-3);
    }
    const { lossSum, weightSum } = await step.evaluate(micro);
    expect(Math.abs(lossSum / weightSum - expected.eval_loss_after)).toBeLessThan(1e-4);
  });

  test.skipIf(expected.lora === null)("a new adapter of that kind trains the same parameters", async () => {
    const { target_modules: targets = [], ...lora } = expected.lora ?? { target_modules: [] };
    const targetModules = targets === "all-linear" ? targets : [targets].flat();
    const step = await createTrainer({
      engine: newEngine(),
      model: loadModel(join(model, "model")),
      method: {
        kind: "lora",
        ...{ rank: 4, alpha: 12, dropout: 0, targetModules },
        rslora: lora.use_rslora ?? false,
        dora: lora.use_dora ?? false,
        modulesToSave: lora.modules_to_save ?? [],
      },
      optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
      seed: 1,
    });
    const names = step.exportWeights().map((tensor) => tensor.name);
    expect(names.sort()).toEqual(Object.keys(expected.grad_norms_first_step).sort());
    // nothing is adapted yet: the model as it is
    const plain = await createGenerator({ engine: newEngine(), model: loadModel(join(model, "model")) });
    const row = rows[0] ?? { input_ids: [], labels: [] };
    const logits = await plain.logits(Int32Array.from(row.input_ids));
    const vocabulary = logits.length / row.input_ids.length;
    let loss = 0;
    for (const [index, label] of row.labels.entries()) {
      if (index === 0 || label < 0) continue;
      const own = logits.subarray((index - 1) * vocabulary, index * vocabulary);
      loss += Math.log(own.reduce((total, value) => total + Math.exp(value), 0)) - (own[label] ?? NaN);
    }
    expect(Math.abs((await step.evaluate([microBatch([row])])).lossSum - loss)).toBeLessThan(2e-4);
  });
});

const { config } = modelFromConfig(CONFIG);
const refusal = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    if (error instanceof SiftError) return { code: error.code, what: error.where?.what, remedy: error.remedy };
    throw error;
  }
  throw new Error("nothing was refused");
};

test("targets are names, ends of names, or one pattern for whole names", () => {
  const names = (targets: string[]): string[] => targetedModules(config, targets).map(({ name }) => name);
  expect(names(["1.self_attn.q_proj"])).toEqual(["model.layers.1.self_attn.q_proj"]);
  expect(names(["model.layers.0.mlp.up_proj"])).toEqual(["model.layers.0.mlp.up_proj"]);
  expect(names(["model.*(q|v)_proj"])).toHaveLength(4);
  const unknown = refusal(() => names(["query_key_value"]));
  expect(unknown).toMatchObject({ code: "target-modules", what: "target_modules" });
  expect(refusal(() => names(["(q|v)_proj"]))).toMatchObject({ code: "target-modules" });
  expect(refusal(() => names([]))).toMatchObject({ code: "target-modules" });
});

test("an adapter's configuration names last names only where they mean its layers alone", () => {
  expect(namesOfTargets(config, linearModules(config))).toHaveLength(7);
  const one = targetedModules(config, ["0.mlp.up_proj"]);
  expect(namesOfTargets(config, one)).toEqual(["model.layers.0.mlp.up_proj"]);
});

test("modules that are saved whole and layers that are trained must exist", () => {
  expect(savedParameters(config, ["lm_head", "embed_tokens"]).map(({ name }) => name)).toEqual([
    "model.embed_tokens.weight",
    "lm_head.weight",
  ]);
  expect(refusal(() => savedParameters(config, ["wte"]))).toMatchObject({
    code: "modules-to-save",
    remedy: expect.stringContaining("embed_tokens") as unknown,
  });
  expect(parametersOfLayers(config, 2).length).toBe(2 * parametersOfLayers(config, 1).length);
  expect(refusal(() => parametersOfLayers(config, 3))).toMatchObject({ code: "freeze-layers" });
});
