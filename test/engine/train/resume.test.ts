import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CHECKPOINT_MANIFEST, checkpointManifest } from "#shared/formats/checkpoint.ts";
import type { TrainJob } from "#shared/worker/protocol.ts";
import * as v from "valibot";
import { repositoryRoot } from "../../shared.ts";
import { makeJob, readRows, runJob, stepEntries, temporaryFolder, WorkerProcess } from "./harness.ts";

const folder = join(repositoryRoot, "test", "oracles", "training", "qwen2");
const CONFIG = {
  packing: true, max_length: 96, per_device_train_batch_size: 2, max_steps: 14, save_steps: 3, save_total_limit: 2,
  lora_dropout: 0.1, learning_rate: 5e-3, logging_steps: 2, eval_steps: 5,
}; // prettier-ignore

function jobIn(outputDir: string, config: Record<string, unknown> = {}, job: Partial<TrainJob> = {}): TrainJob {
  const rows = readRows(join(folder, "data.jsonl"));
  const parts = { modelDir: join(folder, "model"), outputDir, rows, evalRows: rows.slice(0, 7) };
  return makeJob({ ...parts, config: { ...CONFIG, ...config }, job });
}

const curve = (outputDir: string) =>
  stepEntries(outputDir).map(({ step_seconds, peak_memory_bytes, ...exact }) => ({
    ...exact,
    timed: step_seconds > 0 && peak_memory_bytes > 0,
  }));
const weights = (outputDir: string, name: string) => readFileSync(join(outputDir, name));
/** The complete checkpoint with the most steps; `finished` where the output folder itself is complete. */
function lastCheckpoint(outputDir: string): { name: string; step: number; finished: boolean } {
  const stepIn = (name: string): number => {
    const file = join(outputDir, name, CHECKPOINT_MANIFEST);
    return existsSync(file) ? v.parse(checkpointManifest, JSON.parse(readFileSync(file, "utf8"))).step : 0;
  };
  const names = readdirSync(outputDir).sort((a, b) => stepIn(b) - stepIn(a));
  return { name: names[0] ?? "", step: stepIn(names[0] ?? ""), finished: stepIn("") > 0 };
}

describe("a run that was interrupted", () => {
  test.each([
    ["lora", "adapter_model.safetensors", {}],
    ["full", "model.safetensors", { finetuning_type: "full" }],
    ["freeze", "model.safetensors", { finetuning_type: "freeze", freeze_trainable_layers: 1 }],
    ["QLoRA", "adapter_model.safetensors", { quantization: "4bit" }],
    ["DoRA", "adapter_model.safetensors", { use_dora: true, use_rslora: true, modules_to_save: ["embed_tokens"] }],
  ])("%s: stopped with save, it resumes to the same curve and weights bit for bit", async (_, file, config) => {
    const home = temporaryFolder();
    await runJob(jobIn(join(home, "whole"), config));
    const outputDir = join(home, "parts");
    const first = new WorkerProcess();
    first.send({ type: "job", job: jobIn(outputDir, config) });
    await first.until((event) => event.type === "step" && event.step === 4);
    first.send({ type: "stop", mode: "save" });
    expect(await first.exit()).toBe(130);
    const plan = lastCheckpoint(outputDir);
    const resumed = await runJob(jobIn(outputDir, config, { resumeFrom: join(outputDir, plan.name) }));
    expect(resumed.events.filter((event) => event.type === "failed")).toEqual([]);
    expect(resumed.events.find((event) => event.type === "totals")).toMatchObject({ startStep: plan.step });
    expect(curve(outputDir)).toEqual(curve(join(home, "whole")));
    expect(weights(outputDir, file).equals(weights(join(home, "whole"), file))).toBe(true);
    expect(lastCheckpoint(outputDir)).toMatchObject({ finished: true, step: 14 });
  });

  test("killed, it leaves complete checkpoints only, and the newest one resumes", async () => {
    const outputDir = join(temporaryFolder(), "带 空格");
    const worker = new WorkerProcess();
    worker.send({ type: "job", job: jobIn(outputDir) });
    await worker.until((event) => event.type === "step" && event.step === 7);
    worker.child.kill("SIGKILL");
    await worker.exit();
    mkdirSync(join(outputDir, "checkpoint-99.tmp"));
    mkdirSync(join(outputDir, "checkpoint-98"));
    const plan = lastCheckpoint(outputDir);
    expect(plan).toMatchObject({ name: "checkpoint-6", finished: false });
    const resumed = await runJob(jobIn(outputDir, {}, { resumeFrom: join(outputDir, "checkpoint-6") }));
    expect(resumed.exitCode).toBe(0);
    const checkpoints = resumed.events.filter((event) => event.type === "checkpoint");
    expect(checkpoints.map(({ step, final }) => [step, final])).toEqual([[9, false], [12, false], [14, false], [14, true]]); // prettier-ignore
    const kept = readdirSync(outputDir).filter((name) => name.startsWith("checkpoint-"));
    expect(kept.sort()).toEqual(["checkpoint-12", "checkpoint-14", "checkpoint-98"]);
  });

  test("differences and damage are refused by name", async () => {
    const outputDir = join(temporaryFolder(), "out");
    await runJob(jobIn(outputDir, { max_steps: 3 }));
    const resumeFrom = join(outputDir, "checkpoint-3");
    const refusal = async (config: Record<string, unknown>, job: Partial<TrainJob>) => {
      const worker = await runJob(jobIn(outputDir, { max_steps: 3, ...config }, job));
      expect(worker.exitCode).toBe(1);
      const failed = worker.events.find((event) => event.type === "failed");
      return failed?.error;
    };
    expect((await refusal({ learning_rate: 1 }, { resumeFrom }))?.message).toContain(
      "learning_rate (was 0.005, now 1)",
    );
    const pins = { data: "other", model: "m", template: "t" };
    expect((await refusal({}, { resumeFrom, pins }))?.message).toContain('data (was "d", now "other")');
    expect((await refusal({}, { resumeFrom: join(outputDir, "checkpoint-1") }))?.code).toBe("checkpoint-missing");
    truncateSync(join(resumeFrom, "optimizer.safetensors"), 100);
    expect((await refusal({}, { resumeFrom }))?.code).toBe("checkpoint-damaged");
    rmSync(join(resumeFrom, CHECKPOINT_MANIFEST));
    expect((await refusal({}, { resumeFrom }))?.message).toContain("incomplete");
  });
});

describe("a run that cannot go on says why", () => {
  const failure = async (job: TrainJob) => {
    const worker = await runJob(job);
    expect(worker.exitCode).toBe(1);
    return worker.events.find((event) => event.type === "failed")?.error;
  };
  test("the loss is no longer finite", async () => {
    const error = await failure(
      jobIn(join(temporaryFolder(), "out"), { learning_rate: 1e30, finetuning_type: "full" }),
    );
    expect(error).toMatchObject({
      code: "not-finite",
      remedy: expect.stringContaining("Lower learning_rate") as string,
    });
  });
  test("the output folder cannot be made, or a snapshot is damaged", async () => {
    const home = temporaryFolder();
    writeFileSync(join(home, "file"), "");
    const inFile = { ...jobIn(join(home, "x")), outputDir: join(home, "file", "out") };
    expect(await failure(inFile)).toMatchObject({ code: "bad-output-dir" });
    const job = jobIn(join(home, "out"));
    writeFileSync(join(job.trainSnapshot, "labels.i32"), Buffer.alloc(4));
    expect(await failure(job)).toMatchObject({ code: "snapshot-damaged" });
  });
  test("a device that this version does not have", async () => {
    expect(await failure(jobIn(join(temporaryFolder(), "out"), { device: "cuda:0" }))).toMatchObject({
      code: "device-missing",
    });
  });
});

describe.skipIf(process.platform !== "linux")("a disk that takes no more (RLIMIT_FSIZE stands for it)", () => {
  test("pauses the run; with space again it goes on to the same weights", async () => {
    const home = temporaryFolder();
    const config = { finetuning_type: "full", max_steps: 5 };
    await runJob(jobIn(join(home, "whole"), config));
    const outputDir = join(home, "out");
    const worker = new WorkerProcess({ maxFileKilobytes: 64 });
    worker.send({ type: "job", job: jobIn(outputDir, config) });
    const paused = await worker.until((event) => event.type === "paused");
    expect(paused).toMatchObject({ step: 3, reason: "disk-full", path: outputDir });
    expect(worker.events.filter((event) => event.type === "phase").at(-1)).toEqual({ type: "phase", phase: "paused" });
    expect(readdirSync(outputDir).filter((name) => name.startsWith("checkpoint"))).toEqual([]);
    worker.allowLargeFiles();
    worker.send({ type: "resume" });
    expect(await worker.exit()).toBe(0);
    expect(worker.events.some((event) => event.type === "continued")).toBe(true);
    expect(weights(outputDir, "model.safetensors").equals(weights(join(home, "whole"), "model.safetensors"))).toBe(
      true,
    );
  });
  test("stopped while it waits, it ends without the checkpoint, and the older ones are whole", async () => {
    const outputDir = join(temporaryFolder(), "out");
    const worker = new WorkerProcess({ maxFileKilobytes: 64 });
    worker.send({ type: "job", job: jobIn(outputDir, { finetuning_type: "full" }) });
    await worker.until((event) => event.type === "paused");
    worker.send({ type: "stop", mode: "save" });
    expect(await worker.exit()).toBe(130);
    expect(readdirSync(outputDir).filter((name) => name.startsWith("checkpoint"))).toEqual([]);
    expect(readFileSync(join(outputDir, "train.log"), "utf8")).toContain("stopped while the disk was full");
  });
});
