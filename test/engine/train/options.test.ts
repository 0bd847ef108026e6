import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTrainerState } from "#shared/formats/trainer-state.ts";
import type { TrainJob } from "#shared/worker/protocol.ts";
import { repositoryRoot } from "../../shared.ts";
import {
  makeJob,
  readRows,
  runJob,
  stepEntries,
  temporaryFolder,
  type TokenRow,
  type WorkerProcess,
} from "./harness.ts";

const folder = join(repositoryRoot, "test", "oracles", "training", "qwen2");
const CONFIG = { packing: false, learning_rate: 5e-3, lr_scheduler_type: "constant", warmup_steps: 0 };
const rows = readRows(join(folder, "data.jsonl")).slice(0, 8);

function jobIn(outputDir: string, config: Record<string, unknown> = {}, job: Partial<TrainJob> = {}): TrainJob {
  const parts = { modelDir: join(folder, "model"), outputDir, rows, evalRows: rows.slice(0, 2) };
  return makeJob({ ...parts, config: { ...CONFIG, ...config }, job });
}
const output = (): string => join(temporaryFolder(), "out");
const eventsOf = <T extends string>(worker: WorkerProcess, type: T) =>
  worker.events.filter((event): event is Extract<typeof event, { type: T }> => event.type === type);
const losses = (worker: WorkerProcess): number[] => eventsOf(worker, "step").map(({ loss }) => loss);
const stateOf = (outputDir: string) => readTrainerState(readFileSync(join(outputDir, "trainer_state.json"), "utf8"));
const checkpointsIn = (outputDir: string) =>
  readdirSync(outputDir)
    .filter((name) => name.startsWith("checkpoint-"))
    .sort();

describe("neftune_noise_alpha", () => {
  const noisy = { max_steps: 3, neftune_noise_alpha: 5, learning_rate: 0 };
  const run = async (config: Record<string, unknown>) => losses(await runJob(jobIn(output(), { ...noisy, ...config })));
  test("changes what a step trains, follows the seed, and leaves the evaluation alone", async () => {
    const [plain, first, again, other] = [
      await runJob(jobIn(output(), { ...noisy, neftune_noise_alpha: null })),
      await runJob(jobIn(output(), noisy)),
      await runJob(jobIn(output(), noisy)),
      await runJob(jobIn(output(), { ...noisy, seed: 7 })),
    ];
    expect(losses(first)).toEqual(losses(again));
    for (const [k, loss] of losses(first).entries()) {
      expect(Math.abs(loss - (losses(plain)[k] ?? 0))).toBeGreaterThan(1e-5);
    }
    expect(losses(first)).not.toEqual(losses(other));
    expect(eventsOf(first, "evaluation")).toEqual(eventsOf(plain, "evaluation"));
  });
  test("is the same however a step is split", async () => {
    const whole = await run({ per_device_train_batch_size: 4 });
    const split = await run({ gradient_accumulation_steps: 4 });
    expect(whole.map((loss) => loss.toPrecision(6))).toEqual(split.map((loss) => loss.toPrecision(6)));
  });
});

describe("early stopping and the best checkpoint", () => {
  /** The rate is so high that the evaluation soon gets worse. */
  const config = {
    learning_rate: 0.05, finetuning_type: "full", max_steps: 40, eval_steps: 2, save_steps: 100, save_total_limit: 1,
    early_stopping_patience: 3,
  }; // prettier-ignore
  test("ends the run, keeps the best checkpoint, and its weights are the result", async () => {
    const outputDir = output();
    const worker = await runJob(jobIn(outputDir, config));
    const evaluations = eventsOf(worker, "evaluation");
    const best = evaluations.reduce((a, b) => (b.evalLoss < a.evalLoss ? b : a));
    const last = evaluations.at(-1);
    expect(last?.step).toBe(best.step + 6);
    expect(eventsOf(worker, "done")).toEqual([
      { type: "done", step: last?.step, outcome: "done", endedEarly: true, bestStep: best.step },
    ]);
    expect(evaluations.filter((each) => each.best).at(-1)).toEqual(best);
    expect(checkpointsIn(outputDir)).toEqual([`checkpoint-${best.step}`, `checkpoint-${last?.step}`].sort());
    const weights = (path: string) => readFileSync(join(path, "model.safetensors"));
    expect(weights(outputDir).equals(weights(join(outputDir, `checkpoint-${best.step}`)))).toBe(true);
    expect(stateOf(outputDir)).toMatchObject({
      best_metric: best.evalLoss,
      best_global_step: best.step,
      best_model_checkpoint: join(outputDir, `checkpoint-${best.step}`),
      stateful_callbacks: { EarlyStoppingCallback: { attributes: { early_stopping_patience_counter: 3 } } },
    });
  });
  test("counts on where it was stopped and resumed", async () => {
    const [outputDir, whole] = [output(), output()];
    const end = eventsOf(await runJob(jobIn(whole, config)), "done")[0];
    await runJob(jobIn(outputDir, { ...config, max_steps: 4, save_steps: 2 }));
    const resumed = await runJob(jobIn(outputDir, config, { resumeFrom: join(outputDir, "checkpoint-4") }));
    expect(eventsOf(resumed, "done")[0]).toEqual(end);
  });
});

describe("sample_prompts", () => {
  const config = { max_steps: 4, eval_steps: 2, sample_prompts: ["a", "b"], sample_max_new_tokens: 5 };
  const prompts = { samplePrompts: [[5, 6, 7], [8]] };
  const samples = async (more: Record<string, unknown> = {}) =>
    eventsOf(await runJob(jobIn(output(), { ...config, ...more }, prompts)), "sample");
  test("are answered after every evaluation, the same each time", async () => {
    const found = await samples({ learning_rate: 0, sample_temperature: 1 });
    expect(found.map(({ step, prompt }) => [step, prompt])).toEqual([[2, 0], [2, 1], [4, 0], [4, 1]]); // prettier-ignore
    for (const { ids } of found) expect(ids).toHaveLength(5);
    expect(await samples({ learning_rate: 0, sample_temperature: 1 })).toEqual(found);
    const greedy = await samples({ learning_rate: 0 });
    expect(greedy[0]?.ids).toEqual(greedy[2]?.ids);
  });
  test("and move nothing else: dropout and order are as without them", async () => {
    const [outputDir, plain] = [output(), output()];
    await runJob(jobIn(outputDir, { ...config, lora_dropout: 0.2, sample_temperature: 1 }, prompts));
    await runJob(jobIn(plain, { max_steps: 4, lora_dropout: 0.2 }));
    const curve = (path: string) => stepEntries(path).map(({ loss, grad_norm }) => [loss, grad_norm]);
    expect(curve(outputDir)).toEqual(curve(plain));
  });
});

describe("from_scratch", () => {
  test("draws weights from config.json and the seed; a folder without weights will do", async () => {
    const modelDir = join(temporaryFolder(), "model");
    mkdirSync(modelDir);
    copyFileSync(join(folder, "model", "config.json"), join(modelDir, "config.json"));
    const run = async (seed: number, from = modelDir) => {
      const outputDir = output();
      const config = { from_scratch: true, seed, max_steps: 2, learning_rate: 1e-3 };
      const worker = await runJob({ ...jobIn(outputDir, config), modelDir: from });
      expect(eventsOf(worker, "failed")).toEqual([]);
      return { loss: losses(worker), weights: readFileSync(join(outputDir, "model.safetensors")), outputDir };
    };
    const [a, b, other, beside] = [await run(1), await run(1), await run(2), await run(1, join(folder, "model"))];
    expect(a.weights.equals(b.weights)).toBe(true);
    expect(a.weights.equals(beside.weights)).toBe(true);
    expect(a.loss).not.toEqual(other.loss);
    expect(readFileSync(join(beside.outputDir, "train.log"), "utf8")).toContain("model.safetensors are not used");
    const { vocab_size } = JSON.parse(readFileSync(join(modelDir, "config.json"), "utf8")) as { vocab_size: number };
    expect(Math.abs((a.loss[0] ?? 0) - Math.log(vocab_size))).toBeLessThan(0.3);
  });
  test("without it, a folder without weights says what would help", async () => {
    const modelDir = join(temporaryFolder(), "model");
    mkdirSync(modelDir);
    copyFileSync(join(folder, "model", "config.json"), join(modelDir, "config.json"));
    const worker = await runJob({ ...jobIn(output(), { max_steps: 1 }), modelDir });
    expect(eventsOf(worker, "failed")[0]?.error).toMatchObject({
      code: "model-weights-missing",
      remedy: expect.stringContaining("from_scratch") as string,
    });
  });
});

describe("extending a finished run", () => {
  test("goes on from its last checkpoint, over the new length; shorter is refused", async () => {
    const outputDir = output();
    const cosine = { lr_scheduler_type: "cosine", save_steps: 4 };
    await runJob(jobIn(outputDir, { ...cosine, max_steps: 4 }));
    const resumeFrom = join(outputDir, "checkpoint-4");
    const longer = await runJob(jobIn(outputDir, { ...cosine, max_steps: 8 }, { resumeFrom }));
    expect(eventsOf(longer, "totals")[0]).toMatchObject({ startStep: 4, totalSteps: 8 });
    const rates = eventsOf(longer, "step").map(({ learningRate }) => learningRate);
    const expected = [4, 5, 6, 7].map((k) => 5e-3 * 0.5 * (1 + Math.cos((Math.PI * k) / 8)));
    for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(expected[i] ?? 0, 12);
    const log = readFileSync(join(outputDir, "train.log"), "utf8");
    expect(log).toContain("Extended from 4 to 8 steps: the cosine schedule is laid over the new length");
    expect(stepEntries(outputDir).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const shorter = await runJob(jobIn(outputDir, { ...cosine, max_steps: 6 }, { resumeFrom: join(outputDir, "checkpoint-8") })); // prettier-ignore
    expect(eventsOf(shorter, "failed")[0]?.error).toMatchObject({ code: "resume-differs" });
  });
});

describe("steps that are not finite", () => {
  /** A loss weight that is not finite makes every step that holds the row so. */
  const poisoned = (at: readonly number[]): TokenRow[] =>
    rows.map((row, index) => ({
      ...row,
      ...(at.includes(index) ? { weights: row.labels.map((label) => (label < 0 ? 0 : Infinity)) } : {}),
    }));
  const run = async (at: readonly number[], config: Record<string, unknown>) => {
    const outputDir = output();
    const job = jobIn(outputDir, { shuffle: false, num_train_epochs: 1, ...config });
    const { trainSnapshot } = makeJob({ modelDir: job.modelDir, outputDir: `${outputDir}-p`, rows: poisoned(at) });
    return { worker: await runJob({ ...job, trainSnapshot }), outputDir };
  };
  test("are skipped, shown, and change nothing", async () => {
    const { worker, outputDir } = await run([2], {});
    expect(eventsOf(worker, "skipped")).toMatchObject([{ step: 3, what: "loss", rows: [2], inARow: 1 }]);
    expect(eventsOf(worker, "step").map(({ step }) => step)).toEqual([1, 2, 4, 5, 6, 7, 8]);
    expect(eventsOf(worker, "done")[0]).toMatchObject({ outcome: "done", step: 8 });
    expect(stateOf(outputDir).log_history[2]).toMatchObject({ step: 3, skipped: "loss", rows: [2] });
    expect(readFileSync(join(outputDir, "train.log"), "utf8")).toContain("WARNING - sift.train - Step 3/8 skipped");
    const without = await runJob(makeJob({ ...{ modelDir: join(folder, "model"), outputDir: output(), rows: rows.filter((_, i) => i !== 2) }, config: { ...CONFIG, shuffle: false, num_train_epochs: 1 } })); // prettier-ignore
    expect(losses(worker)).toEqual(losses(without));
  });
  test("three in a row stop the run and name the rows", async () => {
    const { worker } = await run([3, 4, 5], {});
    expect(worker.exitCode).toBe(1);
    expect(eventsOf(worker, "skipped").map(({ inARow }) => inARow)).toEqual([1, 2, 3]);
    expect(eventsOf(worker, "failed")[0]?.error).toMatchObject({
      code: "not-finite",
      message: expect.stringContaining("rows in them: 3, 4, 5") as string,
    });
  });
  test("the count goes on where a run is resumed", async () => {
    const first = await run([3, 4, 5], { save_steps: 5 });
    expect(existsSync(join(first.outputDir, "checkpoint-5"))).toBe(true);
    const job = jobIn(first.outputDir, { shuffle: false, num_train_epochs: 1, save_steps: 5 }, { resumeFrom: join(first.outputDir, "checkpoint-5") }); // prettier-ignore
    const { trainSnapshot } = makeJob({ modelDir: job.modelDir, outputDir: `${first.outputDir}-p`, rows: poisoned([3, 4, 5]) }); // prettier-ignore
    const resumed = await runJob({ ...job, trainSnapshot });
    expect(eventsOf(resumed, "skipped")).toMatchObject([{ step: 6, inARow: 3 }]);
    expect(resumed.exitCode).toBe(1);
  });
});

describe("a damaged checkpoint", () => {
  test("is named, and the one before it is used", async () => {
    const outputDir = output();
    const config = { max_steps: 6, save_steps: 2, save_total_limit: 0 };
    await runJob(jobIn(outputDir, config));
    const whole = stepEntries(outputDir).map(({ loss }) => loss);
    writeFileSync(join(outputDir, "checkpoint-6", "optimizer.safetensors"), "");
    writeFileSync(join(outputDir, "checkpoint-4", "sift_manifest.json"), "{");
    const resumed = await runJob(jobIn(outputDir, config, { resumeFrom: join(outputDir, "checkpoint-6") }));
    expect(eventsOf(resumed, "totals")[0]).toMatchObject({ startStep: 2 });
    const log = readFileSync(join(outputDir, "train.log"), "utf8");
    expect(log).toContain("Passed over checkpoint-6: optimizer.safetensors of the checkpoint is not what was written");
    expect(log).toContain("Passed over checkpoint-4: the manifest cannot be read");
    expect(stepEntries(outputDir).map(({ loss }) => loss)).toEqual(whole);
  });
});
