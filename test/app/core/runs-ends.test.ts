import { existsSync, readFileSync, rmSync, truncateSync, cpSync, appendFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventsOf, layersFor, reference } from "./reference-run.ts";
import { startCore, temporaryFolder, type CoreClient } from "./helpers.ts";

/** Resolves when the run has finished this many steps. */
async function afterSteps(client: CoreClient, runId: string, steps: number): Promise<void> {
  for await (const { event } of await client.runs.watch({ runId, afterSequence: 0 })) {
    if (event.type === "step" && event.step >= steps) return;
  }
}
/** The worker's process id, from the record. */
async function workerPid(client: CoreClient, runId: string): Promise<number> {
  for await (const { event } of await client.runs.watch({ runId, afterSequence: 0 })) {
    if (event.type === "started") return event.pid;
  }
  throw new Error("the worker never started");
}

const long = { max_steps: 400, save_steps: 3, save_total_limit: 2 };

describe("how runs end", () => {
  it("fails one run with its reason when its worker is killed; the next one trains", async () => {
    const { client } = await startCore();
    const folder = temporaryFolder();
    const first = await client.runs.train({ layers: layersFor(join(folder, "a"), long), waive: [] });
    const second = await client.runs.train({ layers: layersFor(join(folder, "b"), { max_steps: 1 }), waive: [] });
    expect((await client.runs.list()).find(({ id }) => id === second.runId)?.queuePosition).toBe(1);
    await afterSteps(client, first.runId, 4);
    process.kill(await workerPid(client, first.runId), "SIGKILL");
    await eventsOf(client, first.runId);
    const failed = await client.runs.get({ runId: first.runId });
    expect(failed.summary.state).toBe("failed");
    expect(failed.error).toMatchObject({ code: "worker-killed" });
    expect(failed.error?.message).toContain("killed from outside");
    expect(failed.canResume).toBe(true);
    await eventsOf(client, second.runId);
    expect((await client.runs.get({ runId: second.runId })).summary.state).toBe("done");
  });

  it("stops with a checkpoint, resumes the same run, and the curve equals an uninterrupted one", async () => {
    const { client } = await startCore();
    const folder = temporaryFolder();
    const steps = { max_steps: 9, save_steps: 3, lora_dropout: 0.1 };
    const whole = await client.runs.train({ layers: layersFor(join(folder, "whole"), steps), waive: [] });
    await eventsOf(client, whole.runId);
    const cut = await client.runs.train({ layers: layersFor(join(folder, "cut"), steps), waive: [] });
    await afterSteps(client, cut.runId, 2);
    await client.runs.stop({ runId: cut.runId, save: true });
    await eventsOf(client, cut.runId);
    const stopped = await client.runs.get({ runId: cut.runId });
    expect(stopped.summary.state).toBe("stopped");
    expect(stopped.summary.step).toBeLessThan(9);
    await client.runs.resume({ runId: cut.runId });
    await eventsOf(client, cut.runId);
    expect((await client.runs.get({ runId: cut.runId })).summary.state).toBe("done");
    const [a, b] = await Promise.all([whole, cut].map(({ runId }) => client.runs.metrics({ runId })));
    expect(b?.loss).toEqual(a?.loss);
    expect(b?.gradNorm).toEqual(a?.gradNorm);
  });

  it("marks a running run as interrupted when core ends, and goes on from the checkpoint afterwards", async () => {
    const { client, core, home } = await startCore();
    const outputDir = join(temporaryFolder(), "out");
    const { runId } = await client.runs.train({ layers: layersFor(outputDir, { ...long, max_steps: 40 }), waive: [] });
    await afterSteps(client, runId, 5);
    await core.close();
    const again = await startCore({ home });
    const found = await again.client.runs.get({ runId });
    expect(found.summary.state).toBe("interrupted");
    expect(found.summary.sentence).toContain("the program ended");
    const before = found.summary.step;
    expect(before).toBeGreaterThanOrEqual(5);
    await again.client.runs.resume({ runId });
    const events = await eventsOf(again.client, runId);
    const totals = events.findLast(({ event }) => event.type === "totals")?.event;
    expect(totals).toMatchObject({ startStep: before });
    expect((await again.client.runs.get({ runId })).summary).toMatchObject({ state: "done", step: 40 });
    expect((await again.client.runs.metrics({ runId })).step).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  it("goes on from the last checkpoint when the same command is given again, and refuses other data or settings by name", async () => {
    const { client } = await startCore();
    const folder = temporaryFolder();
    const data = join(folder, "data.jsonl");
    cpSync(join(reference, "data.jsonl"), data);
    const values = { ...long, train_files: [data] };
    const train = (changed: Record<string, unknown> = {}) =>
      client.runs.train({ layers: layersFor(join(folder, "out"), { ...values, ...changed }), waive: [] });
    const { runId } = await train();
    await afterSteps(client, runId, 4);
    await client.runs.stop({ runId, save: false });
    await eventsOf(client, runId);
    await expect(train({ learning_rate: 1 })).rejects.toMatchObject({ data: { code: "resume-differs" } });
    appendFileSync(data, readFileSync(data, "utf8").split("\n")[0] ?? "");
    const [error] = await Promise.all([
      train().then(
        () => null,
        (reason: unknown) => reason,
      ),
    ]);
    expect(error).toMatchObject({ data: { code: "resume-differs" } });
    expect(String((error as Error).message)).toContain("data_hash");
    cpSync(join(reference, "data.jsonl"), data);
    const again = await train();
    expect(again.runId).toBe(runId);
    await afterSteps(client, runId, 5);
    await client.runs.stop({ runId, save: false });
    await eventsOf(client, runId);
  });

  it("gives queued runs their turn when core opens again, unless it was opened to look only", async () => {
    const { client, core, home } = await startCore();
    const folder = temporaryFolder();
    const busy: boolean[] = [];
    const first = await client.runs.train({ layers: layersFor(join(folder, "a"), long), waive: [] });
    const second = await client.runs.train({ layers: layersFor(join(folder, "b"), { max_steps: 1 }), waive: [] });
    await expect(
      client.runs.train({ layers: layersFor(join(folder, "b"), { max_steps: 1 }), waive: [] }),
    ).rejects.toMatchObject({ data: { code: "output-dir-busy" } });
    await afterSteps(client, first.runId, 1);
    await core.close();
    const look = await startCore({ home, startQueue: false });
    const states = (await look.client.runs.list()).map(({ id, state }) => [id, state]);
    expect(states).toEqual([
      [second.runId, "queued"],
      [first.runId, "interrupted"],
    ]);
    await look.core.close();
    const again = await startCore({ home });
    again.core.onBusyChange((value) => busy.push(value));
    await eventsOf(again.client, second.runId);
    await expect.poll(() => busy.at(-1)).toBe(false);
    expect((await again.client.runs.get({ runId: second.runId })).summary.state).toBe("done");
  });

  it("ends with a reason where the model folder is bad, and takes a queued run out", async () => {
    const { client } = await startCore();
    const folder = temporaryFolder();
    const model = join(folder, "model");
    cpSync(join(reference, "model"), model, { recursive: true });
    const train = (values: Record<string, unknown>) =>
      client.runs.train({
        layers: layersFor(join(folder, "out"), { model_name_or_path: model, ...values }),
        waive: [],
      });
    truncateSync(join(model, "model.safetensors"), 5000);
    await expect(train({})).rejects.toMatchObject({ data: { code: "safetensors-truncated" } });
    rmSync(join(model, "model.safetensors"));
    await expect(train({})).rejects.toMatchObject({ data: { code: "model-no-weights" } });
    await expect(train({ model_name_or_path: "no/such" })).rejects.toMatchObject({ data: { code: "model-unknown" } });
    const busy = await client.runs.train({ layers: layersFor(join(folder, "busy"), long), waive: [] });
    const queued = await client.runs.train({ layers: layersFor(join(folder, "queued"), long), waive: [] });
    expect((await client.runs.stop({ runId: queued.runId, save: true })).state).toBe("stopped");
    await client.runs.stop({ runId: busy.runId, save: false });
    await eventsOf(client, busy.runId);
    expect((await client.runs.get({ runId: busy.runId })).summary.state).toBe("stopped");
    await client.runs.remove({ runId: busy.runId, deleteFiles: true });
    expect(existsSync(join(folder, "busy"))).toBe(false);
  });

  it("refuses rows that train nothing or are not tokens of the model", async () => {
    const { client } = await startCore();
    const folder = temporaryFolder();
    const data = join(folder, "bad 行.jsonl");
    const rows = [
      { input_ids: [1, 2, 3], labels: [-100, 2, 3] },
      { input_ids: [1, 2, 3], labels: [-100, -100, -100] },
      { input_ids: [1, 2, 999_999], labels: [-100, 2, 999_999] },
    ];
    appendFileSync(data, rows.map((row) => JSON.stringify(row)).join("\n"));
    const values = { train_files: [data], max_steps: 1 };
    const refused = await client.runs.train({ layers: layersFor(join(folder, "out"), values), waive: [] });
    await eventsOf(client, refused.runId);
    const run = await client.runs.get({ runId: refused.runId });
    expect(run.error).toMatchObject({ code: "findings-block" });
    expect(run.error?.message).toMatch(/no-scored-token \(1 row\).*unencodable \(1 row\)/);
    const waive = ["no-scored-token", "unencodable"];
    const waived = await client.runs.train({ layers: layersFor(join(folder, "out2"), values), waive });
    await eventsOf(client, waived.runId);
    const done = await client.runs.get({ runId: waived.runId });
    expect(done.error).toBeNull();
    expect(done.waived).toEqual([
      { class: "no-scored-token", count: 1 },
      { class: "unencodable", count: 1 },
    ]);
  });
});
