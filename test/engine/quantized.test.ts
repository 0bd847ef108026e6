import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { repositoryRoot } from "../shared.ts";
import { float } from "#worker/engines/engine.ts";
import { OrtEngine } from "#worker/engines/ort/engine.ts";
import { createGenerator } from "#worker/generate/generator.ts";
import { GraphBuilder } from "#worker/graph/builder.ts";
import { gradients } from "#worker/graph/gradients.ts";
import { loadModel, quantizedModel, type ModelSpec } from "#worker/models/folder.ts";
import { putModel } from "#worker/train/load.ts";
import { linearModules } from "#worker/models/parameters.ts";
import { formatOf, quantize, roundTrip } from "#worker/models/quantize.ts";
import { createTrainer, type Method, type TrainStep } from "#worker/train/step.ts";
import { randomValues } from "./random.ts";
import { grouped, microBatch, norm, readExpected, readRows } from "./training.ts";

/** Frozen weights in 4 and 8 bits: the same function as the dequantised model, and gradients of that function. */

const oracles = join(repositoryRoot, "test", "oracles", "training");
const families = readdirSync(oracles).filter((name) => !name.includes("."));
const BITS = [4, 8] as const;
const engines: OrtEngine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});
function newEngine(): OrtEngine {
  const engine = new OrtEngine({ threads: 2 });
  engines.push(engine);
  return engine;
}

const furthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0);

/** An engine that holds the float32 model with every weight as it is after quantisation. */
async function dequantised(model: ModelSpec, bits: 4 | 8): Promise<OrtEngine> {
  const engine = newEngine();
  putModel(engine, model, { seed: 0 });
  for (const module of linearModules(model.config)) {
    const format = formatOf({ ...model.config, quantized: bits }, module);
    if (format) engine.load(`${module.name}.weight`, (values) => roundTrip(values, module, format));
  }
  return Promise.resolve(engine);
}

describe.each([
  [4, 16],
  [4, 32],
  [8, 16],
  [8, 32],
] as const)("%i bits in blocks of %i", (bits, block) => {
  const [outputs, inputs, rows] = [12, 96, 5];
  const values = randomValues(outputs * inputs, 1);
  values.fill(0, 0, block); // a block of zeros
  const weight = {
    q: new Uint8Array((outputs * inputs * bits) / 8),
    scales: new Float32Array((outputs * inputs) / block),
    rowSquares: new Float32Array(outputs),
  };
  const rounded = values.slice();
  quantize(rounded, weight, { bits, block });

  test("values move by half a step at most, but at the end that has one number less", () => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(furthest(rounded, values)).toBeLessThanOrEqual(largest / 2 ** (bits - 1));
    const again = rounded.slice();
    quantize(again, { ...weight, q: weight.q.slice() }, { bits, block });
    expect(furthest(again, rounded)).toBeLessThan(1e-6);
    expect(weight.rowSquares[3]).toBeCloseTo(norm(rounded.subarray(3 * inputs, 4 * inputs)) ** 2, 4);
  });

  test("product, weight and gradient are those of the dequantised weight", async () => {
    const engine = newEngine();
    engine.allocate("q", [outputs, inputs / block, (block * bits) / 8], "u8");
    engine.allocate("scales", [outputs, inputs / block]);
    engine.loadBytes("q", (target) => target.set(weight.q));
    engine.load("scales", (target) => target.set(weight.scales));
    const b = new GraphBuilder("quantised");
    const x = b.feed("x", { dtype: "f32", shape: ["rows", inputs] });
    const w = { q: b.buffer("q", engine.shape("q"), "u8"), scales: b.buffer("scales", engine.shape("scales")) };
    const y = b.quantizedGemm(x, w, { bits, block });
    const loss = b.sum(b.mul(y, b.feed("projection", { dtype: "f32", shape: ["rows", outputs] })), [0, 1]);
    const [dx = -1] = gradients(b, loss, [x]);
    b.output("y", y);
    b.output("w", b.dequantize(w, { bits, block }));
    b.output("dx", dx);
    const feeds = { x: randomValues(rows * inputs, 2), projection: randomValues(rows * outputs, 3) };
    const got = await (
      await engine.compile(b.finish())
    ).run({ x: float(feeds.x, [rows, inputs]), projection: float(feeds.projection, [rows, outputs]) });
    expect(furthest(got["w"]?.data as Float32Array, rounded)).toBe(0);
    const wanted = (row: number, column: number): number =>
      rounded
        .subarray(column * inputs, (column + 1) * inputs)
        .reduce((sum, value, i) => sum + value * (feeds.x[row * inputs + i] ?? 0), 0);
    const slope = (row: number, column: number): number =>
      Array.from({ length: outputs }, (_, i) => i).reduce(
        (sum, i) => sum + (feeds.projection[row * outputs + i] ?? 0) * (rounded[i * inputs + column] ?? 0),
        0,
      );
    got["y"]?.data.forEach((value, i) => expect(value).toBeCloseTo(wanted(Math.floor(i / outputs), i % outputs), 4));
    got["dx"]?.data.forEach((value, i) => expect(value).toBeCloseTo(slope(Math.floor(i / inputs), i % inputs), 4));
  });
});

test("weights that cannot be read as float32 are refused by name", async () => {
  const engine = newEngine();
  engine.allocate("bytes", [4], "u8");
  engine.allocate("floats", [4]);
  expect(() => engine.load("bytes", () => undefined)).toThrow(expect.objectContaining({ code: "engine-buffer" }));
  expect(() => engine.loadBytes("floats", () => undefined)).toThrow(/does not hold bytes/);
  await expect(async () => engine.read("bytes")).rejects.toThrow(/holds bytes/);
});

describe.each(families)("%s", (name) => {
  const folder = join(oracles, name);
  const model = loadModel(join(folder, "model"));
  const rows = readRows(folder);
  const ids = Int32Array.from(rows[0]?.input_ids ?? []);

  test.each(BITS)("%i bits give the logits of the dequantised model, an adapter's too", async (bits) => {
    for (const adapter of [{}, { adapter: join(folder, "adapter-init") }]) {
      const reference = await createGenerator({ engine: await dequantised(model, bits), model, ...adapter });
      const own = await createGenerator({ engine: newEngine(), model: quantizedModel(model, bits), ...adapter });
      expect(furthest(await own.logits(ids), await reference.logits(ids))).toBeLessThan(1e-4);
    }
  });

  test.each(BITS)("%i bits train as the dequantised model does, and near the float32 one", async (bits) => {
    const method: Method = { kind: "adapter", directory: join(folder, "adapter-init") };
    const { run, lora } = readExpected(folder);
    const optimizer = {
      ...{ beta1: run.betas[0], beta2: run.betas[1], epsilon: run.eps },
      ...{ weightDecay: run.weight_decay, maxGradNorm: run.clip },
    };
    const trainer = (engine: OrtEngine, spec: ModelSpec): Promise<TrainStep> =>
      createTrainer({ engine, model: spec, method, optimizer, seed: 1 });
    const reference = await trainer(await dequantised(model, bits), model);
    const own = await trainer(newEngine(), quantizedModel(model, bits));
    const steps = grouped(
      grouped(rows, run.batch_size).map((group) => microBatch(group)),
      run.accumulation,
    );
    let apart = 0;
    for (const [index, batches] of steps.slice(0, 6).entries()) {
      const wanted = lora.steps[index];
      if (!wanted) break;
      const [a, b] = [
        await own.step(batches, wanted.learning_rate),
        await reference.step(batches, wanted.learning_rate),
      ];
      expect(Math.abs(a.loss - b.loss), `step ${index}`).toBeLessThan(1e-4);
      expect(Math.abs(a.gradNorm / b.gradNorm - 1), `step ${index}`).toBeLessThan(1e-3);
      apart = Math.max(apart, Math.abs(a.loss - wanted.loss));
    }
    // models of 20,000 random weights, trained by noise of that size: a real one is nearer
    expect(apart).toBeLessThan(bits === 8 ? 0.01 : 0.1);
    console.log(`${name} ${bits} bits: loss within ${apart.toExponential(1)} of float32's`);
  });
});

test("DoRA on quantised weights starts with their lengths and trains as on the dequantised model", async () => {
  const model = loadModel(join(oracles, "gemma2", "model"));
  const rows = readRows(join(oracles, "gemma2"));
  const method: Method = {
    kind: "lora",
    ...{ rank: 4, alpha: 12, dropout: 0, targetModules: "all-linear" },
    dora: true,
  };
  const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  const own = await createTrainer({ engine: newEngine(), model: quantizedModel(model, 4), method, optimizer, seed: 1 });
  const reference = await createTrainer({ engine: await dequantised(model, 4), model, method, optimizer, seed: 1 });
  const magnitudes = new Map<string, Float32Array>();
  for (const tensor of own.exportWeights()) magnitudes.set(tensor.name, await tensor.read());
  reference.importWeights((name, target) => target.set(magnitudes.get(name) ?? []));
  const engine = await dequantised(model, 4);
  const { name } = linearModules(model.config)[0] ?? { name: "" };
  const weight = await engine.read(`${name}.weight`);
  const first = magnitudes.get(`base_model.model.${name}.lora_magnitude_vector`)?.[0];
  expect(first).toBeCloseTo(norm(weight.subarray(0, model.config.hiddenSize)), 5);
  for (const batch of grouped(rows, 4).slice(0, 4)) {
    const [a, b] = [await own.step([microBatch(batch)], 1e-2), await reference.step([microBatch(batch)], 1e-2)];
    expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-4);
    expect(Math.abs(a.gradNorm / b.gradNorm - 1)).toBeLessThan(1e-3);
  }
});
