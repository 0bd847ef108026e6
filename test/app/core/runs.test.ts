import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { startCore, temporaryFolder } from "./helpers.ts";
import { eventsOf, layersFor } from "./reference-run.ts";

const expectedSchema = v.looseObject({});

describe("runs", () => {
  it("trains rows that came tokenised, and records every step, checkpoint and event", async () => {
    const { client, home } = await startCore();
    const outputDir = join(temporaryFolder(), "out 输出");
    const { runId } = await client.runs.train({ layers: layersFor(outputDir), waive: [] });
    const events = await eventsOf(client, runId);
    const run = await client.runs.get({ runId });
    expect(run.error).toBeNull();
    expect(run.summary).toMatchObject({ state: "done", step: 6, totalSteps: 6, evalLoss: null });
    expect(events.map((event) => event.sequence)).toEqual(events.map((_, i) => i + 1));
    const states = events.flatMap(({ event }) => (event.type === "state" ? [event.state] : []));
    expect(states).toEqual(["queued", "running", "done"]);
    expect((await client.runs.metrics({ runId })).step).toEqual([1, 2, 3, 4, 5, 6]);
    expect(run.checkpoints.map(({ step, final }) => [step, final])).toEqual([
      [4, false],
      [6, false],
      [6, true],
    ]);
    expect(run.pins).toMatchObject({ mask: "pretokenized", seed: "42" });
    expect(run.machine?.totalParameters).toBeGreaterThan(0);
    expect(existsSync(join(outputDir, "adapter_model.safetensors"))).toBe(true);
    expect((await client.runs.log({ runId })).text).toContain("Trainable parameters");
    const manifest = join(home, "snapshots", runId, "train", "manifest.json");
    expect(v.parse(expectedSchema, JSON.parse(readFileSync(manifest, "utf8")))["rows"]).toBe(40);
    const config = run.config.find((entry) => entry.key === "max_steps");
    expect(config).toMatchObject({ value: 6, source: "flag" });
  });

  it("refuses an output folder with other things in it, and says so when a run has finished", async () => {
    const { client } = await startCore();
    const outputDir = join(temporaryFolder(), "out");
    mkdirSync(outputDir);
    writeFileSync(join(outputDir, "thesis.txt"), "");
    const start = (values: Record<string, unknown> = {}) =>
      client.runs.train({ layers: layersFor(outputDir, { max_steps: 1, ...values }), waive: [] });
    await expect(start()).rejects.toMatchObject({ data: { code: "output-dir-not-empty" } });
    await expect(start({ resume_from_checkpoint: join(outputDir, "checkpoint-9") })).rejects.toMatchObject({
      data: { code: "checkpoint-missing" },
    });
    const { runId } = await start({ overwrite_output_dir: true });
    await eventsOf(client, runId);
    expect(existsSync(join(outputDir, "thesis.txt"))).toBe(true);
    await expect(start()).rejects.toMatchObject({ data: { code: "run-finished" } });
    await expect(start({ learning_rat: 1 })).rejects.toMatchObject({ data: { code: "bad-config" } });
  });
});
