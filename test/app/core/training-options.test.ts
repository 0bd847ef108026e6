import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "../../shared.ts";
import { chatLine, finishedJob, importText, onEnd, startCore, temporaryFolder } from "./helpers.ts";
import { eventsOf, layersFor, reference } from "./reference-run.ts";

const model = join(repositoryRoot, "resources", "sample", "model");
const rows = Array.from({ length: 240 }, (_, i) => chatLine(["user", `Say ${i}`], ["assistant", `I say ${i}.`]));

describe("what a run does on its way", () => {
  it("answers fixed prompts after every evaluation; the answers are on its page with their text", async () => {
    const { client } = await startCore();
    const { version } = await importText(client, rows.join("\n"));
    const values = {
      max_steps: 4, eval_steps: 2, max_length: 64, sample_prompts: ["Say 1, then 2", "Who are you?"],
      sample_max_new_tokens: 6,
    }; // prettier-ignore
    const draft = { versionId: version.id, modelPath: model, template: { kind: "own" as const }, values };
    const settings = {
      modelPath: model,
      template: draft.template,
      maxLength: 64,
      overLength: "error" as const,
      systemPolicy: "keep" as const,
    };
    const job = await finishedJob(client, (await client.text.prove({ versionId: version.id, settings })).jobId);
    const { runId } = await client.runs.start({ ...draft, proofId: job.resultId ?? "", waive: [] });
    await eventsOf(client, runId);
    expect((await client.runs.get({ runId })).error).toBeNull();
    const samples = await client.runs.samples({ runId });
    expect(samples.map(({ step, prompt }) => [step, prompt])).toEqual(
      [2, 4].flatMap((step) => values.sample_prompts.map((prompt) => [step, prompt])),
    );
    for (const { text, tokens, stopped } of samples) {
      expect(typeof text).toBe("string");
      expect(stopped || tokens === 6).toBe(true);
    }
  });

  it("checks that the layout of a step changes neither loss nor gradients, on the user's rows and model", async () => {
    const { client } = await startCore();
    const { version } = await importText(client, rows.join("\n"));
    const draft = {
      versionId: version.id,
      modelPath: model,
      template: { kind: "own" as const },
      values: { lora_r: 4 },
    };
    const found = await client.runs.checkSetup(draft);
    expect(found).toMatchObject({ rows: 8, verdict: "same" });
    expect(found.arrangements).toHaveLength(9);
    expect(Math.max(found.lossDifference, found.gradientDifference)).toBeLessThanOrEqual(1e-5);
    const few = await importText(client, rows.slice(0, 5).join("\n"));
    await expect(client.runs.checkSetup({ ...draft, versionId: few.version.id })).rejects.toMatchObject({
      data: { code: "setup-rows" },
    });
  });

  it("encodes what it measures on exactly as what it trains on", async () => {
    const { client, home } = await startCore();
    const file = join(temporaryFolder(), "rows.jsonl");
    writeFileSync(file, rows.slice(0, 20).join("\n"));
    const values = {
      model_name_or_path: model, train_files: [file], eval_files: [file], max_steps: 1, max_length: 64, mask: "assistant",
      train_on_header: true,
    }; // prettier-ignore
    const { runId } = await client.runs.train({ layers: layersFor(join(temporaryFolder(), "out"), values), waive: [] });
    await eventsOf(client, runId);
    expect((await client.runs.get({ runId })).error).toBeNull();
    for (const column of ["ids.i32", "labels.i32", "weights.f32", "offsets.f64"]) {
      const bytes = (set: string) => readFileSync(join(home, "snapshots", runId, set, column));
      expect(bytes("eval").equals(bytes("train")), column).toBe(true);
    }
  });

  it("waits where the training data cannot be written, and starts by itself when it can", async () => {
    const { client, home } = await startCore();
    const snapshots = join(home, "snapshots");
    mkdirSync(snapshots, { recursive: true });
    const writable = fullFolder(snapshots);
    if (!writable) return; // no small file system may be mounted here
    const { runId } = await client.runs.train({ layers: layersFor(join(temporaryFolder(), "out")), waive: [] });
    const summary = async () => (await client.runs.get({ runId })).summary;
    await until(async () => (await summary()).phase === "paused");
    expect((await summary()).sentence).toContain("the training data cannot be written");
    writable();
    await client.runs.resume({ runId });
    await eventsOf(client, runId);
    expect(await summary()).toMatchObject({ state: "done", step: 6 });
  });

  it("saves on demand and trains on", async () => {
    const { client } = await startCore();
    const outputDir = join(temporaryFolder(), "out");
    const { runId } = await client.runs.train({
      layers: layersFor(outputDir, { max_steps: 60, save_steps: 1000, save_total_limit: 0 }),
      waive: [],
    });
    for await (const { event } of await client.runs.watch({ runId, afterSequence: 0 })) {
      if (event.type === "step" && event.step === 2) await client.runs.saveNow({ runId });
    }
    const run = await client.runs.get({ runId });
    expect(run.summary).toMatchObject({ state: "done", step: 60 });
    const [first, last] = run.checkpoints.filter(({ final }) => !final);
    expect(last?.step).toBe(60);
    expect(first?.step).toBeLessThan(60);
    await expect(client.runs.saveNow({ runId })).rejects.toMatchObject({ data: { code: "run-state" } });
  });

  it("extends a finished run, from the window and from a configuration; never makes it shorter", async () => {
    const { client } = await startCore();
    const outputDir = join(temporaryFolder(), "out");
    const { runId } = await client.runs.train({ layers: layersFor(outputDir), waive: [] });
    await eventsOf(client, runId);
    expect((await client.runs.get({ runId })).canExtend).toBe(true);
    await expect(client.runs.extend({ runId, steps: 6 })).rejects.toMatchObject({ data: { code: "extend" } });
    await client.runs.extend({ runId, steps: 9 });
    const events = await eventsOf(client, runId);
    expect(events.findLast(({ event }) => event.type === "totals")?.event).toMatchObject({
      startStep: 6,
      totalSteps: 9,
    });
    const extended = await client.runs.get({ runId });
    expect(extended.summary).toMatchObject({ state: "done", step: 9, totalSteps: 9 });
    expect(extended.config.find(({ key }) => key === "max_steps")).toMatchObject({ value: 9, source: "form" });
    const again = await client.runs.train({ layers: layersFor(outputDir, { max_steps: 11 }), waive: [] });
    expect(again.runId).toBe(runId);
    await eventsOf(client, runId);
    expect((await client.runs.metrics({ runId })).step).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
    await expect(client.runs.train({ layers: layersFor(outputDir), waive: [] })).rejects.toMatchObject({
      data: { code: "run-finished" },
    });
  });

  it("stops early and says so; the best checkpoint is marked and kept", async () => {
    const { client } = await startCore();
    const outputDir = join(temporaryFolder(), "out");
    const values = {
      finetuning_type: "full", learning_rate: 0.05, lr_scheduler_type: "constant", max_steps: 40, eval_steps: 2,
      save_steps: 100, early_stopping_patience: 2, save_total_limit: 1, eval_split: 0.1,
    }; // prettier-ignore
    const { runId } = await client.runs.train({ layers: layersFor(outputDir, values), waive: [] });
    await eventsOf(client, runId);
    const run = await client.runs.get({ runId });
    expect(run.summary.state).toBe("done");
    expect(run.summary.sentence).toContain("stopped early, as no evaluation was better; the result is the best");
    const { evalStep, evalLoss } = await client.runs.metrics({ runId });
    const best = evalStep[evalLoss.indexOf(Math.min(...evalLoss))];
    expect(run.checkpoints.filter((each) => each.best).map(({ step }) => step)).toEqual([best]);
    expect(readdirSync(outputDir)).toContain(`checkpoint-${best}`);
  });

  it("trains from a config.json alone, and resumes", async () => {
    const { client } = await startCore();
    const folder = temporaryFolder();
    const blank = join(folder, "blank");
    mkdirSync(blank);
    copyFileSync(join(reference, "model", "config.json"), join(blank, "config.json"));
    const outputDir = join(folder, "out");
    const layers = (values: Record<string, unknown>) => layersFor(outputDir, { model_name_or_path: blank, ...values });
    await expect(client.runs.train({ layers: layers({}), waive: [] })).rejects.toThrow(/safetensors|weights/);
    const { runId } = await client.runs.train({ layers: layers({ from_scratch: true }), waive: [] });
    await eventsOf(client, runId);
    const run = await client.runs.get({ runId });
    expect(run.error).toBeNull();
    expect(run.summary.state).toBe("done");
    expect(existsSync(join(outputDir, "model.safetensors"))).toBe(true);
    await client.runs.extend({ runId, steps: 8 });
    await eventsOf(client, runId);
    expect((await client.runs.get({ runId })).summary).toMatchObject({ state: "done", step: 8 });
  });

  it("lists the steps that were skipped with the rows in them", async () => {
    const { client } = await startCore();
    const outputDir = join(temporaryFolder(), "out");
    const diverging = { finetuning_type: "full", learning_rate: 1e30, lr_scheduler_type: "constant", warmup_steps: 0 };
    const { runId } = await client.runs.train({
      layers: layersFor(outputDir, { ...diverging, max_steps: 9 }),
      waive: [],
    });
    await eventsOf(client, runId);
    const run = await client.runs.get({ runId });
    expect(run.summary.state).toBe("failed");
    expect(run.error?.code).toBe("not-finite");
    expect(run.skipped.map(({ rows: each }) => each.length)).toEqual([1, 1, 1]);
    expect(run.error?.message).toContain(`rows in them: ${run.skipped.flatMap((each) => each.rows).join(", ")}`);
  });

  it("waits while the record cannot be written, says so, and loses nothing", async () => {
    const { client, home } = await startCore();
    const outputDir = join(temporaryFolder(), "out");
    const { runId } = await client.runs.train({
      layers: layersFor(outputDir, { max_steps: 80, save_steps: 1000 }),
      waive: [],
    });
    for await (const { event } of await client.runs.watch({ runId, afterSequence: 0 })) {
      if (event.type === "step" && event.step >= 3) break;
    }
    const other = new Database(join(home, "sift.db"));
    const refuse = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    other.exec(`CREATE TRIGGER full BEFORE INSERT ON events ${refuse}`); // as SQLite says it on a full disk
    const paused = async () => (await client.runs.get({ runId })).summary;
    await until(async () => (await paused()).phase === "paused");
    expect((await paused()).sentence).toContain("the record cannot be written");
    await new Promise((resolve) => setTimeout(resolve, 300)); // the step that was under way
    const { step } = await paused();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await paused()).step).toBe(step);
    expect(step).toBeLessThan(80);
    other.exec("DROP TRIGGER full");
    other.close();
    await client.runs.resume({ runId });
    await eventsOf(client, runId);
    const run = await client.runs.get({ runId });
    expect(run.summary).toMatchObject({ state: "done", step: 80 });
    expect((await client.runs.metrics({ runId })).step).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
  });
});

/** Mounts a file system of 64 KB that is full over a folder, where that is allowed; what gives it space. */
function fullFolder(folder: string): (() => void) | undefined {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onEnd(() => void execFileSync("umount", ["-l", folder]));
  const filler = join(folder, "filler");
  try {
    writeFileSync(filler, Buffer.alloc(1 << 20));
  } catch {
    // as full as it gets
  }
  return () => rmSync(filler);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 200 && !(await holds()); n += 1) await new Promise((resolve) => setTimeout(resolve, 50));
}
