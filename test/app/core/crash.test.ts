import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { Store } from "#main/core/store/index.ts";
import { isProcessAlive } from "#main/core/system/lock.ts";
import { onEnd, startCore, temporaryFolder } from "./helpers.ts";
import { eventsOf, layersFor } from "./reference-run.ts";

const told = v.object({ runId: v.string(), pid: v.number() });

/** Starts a core that trains, and kills it once it has a checkpoint. */
async function killTrainingCore(home: string, outputDir: string) {
  const layers = JSON.stringify(layersFor(outputDir, { max_steps: 60, save_steps: 4 }));
  const script = join(import.meta.dirname, "doomed-core.ts");
  const child = spawn(process.execPath, [script, home, layers], { stdio: ["ignore", "pipe", "inherit"] });
  onEnd(() => void child.kill("SIGKILL"));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  child.kill("SIGKILL");
  await once(child, "exit");
  return v.parse(told, JSON.parse(line.toString().split("\n")[0] ?? ""));
}

describe("after a crash of core", () => {
  it("its run was interrupted, its worker ended by itself, and the run goes on", async () => {
    const home = temporaryFolder();
    const { runId, pid } = await killTrainingCore(home, join(temporaryFolder(), "out"));
    await expect.poll(() => isProcessAlive(pid), { timeout: 20_000 }).toBe(false);
    const { client } = await startCore({ home });
    const found = await client.runs.get({ runId });
    expect(found.summary.state).toBe("interrupted");
    expect(found.checkpoints.length).toBeGreaterThan(0);
    await client.runs.resume({ runId });
    await eventsOf(client, runId);
    expect((await client.runs.get({ runId })).summary).toMatchObject({ state: "done", step: 60 });
    const { step } = await client.runs.metrics({ runId });
    expect(step).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  });

  it("nothing is left of a half-done import, a half-done upload and a running job", async () => {
    const home = temporaryFolder();
    const { core } = await startCore({ home });
    await core.close();
    const store = new Store(join(home, "sift.db"));
    const keys = store.imports.begin({ name: "half", source: "half.jsonl", at: 1 });
    const row = { raw: "{}", hash: Buffer.alloc(32), line: 1, format: "auto", title: "t", turns: 1, characters: 1 };
    store.imports.append(keys.version, { rows: [row], firstRow: 0, bad: [], firstBad: 0 });
    const job = store.jobs.create("import", "half", 1);
    store.close();
    writeFileSync(join(home, "uploads", "x.part"), "half");
    const { client, core: next } = await startCore({ home });
    expect(await client.datasets.list()).toEqual([]);
    expect(next.services.store.imports.hidden(new Set())).toEqual([]);
    const jobs = await client.system.jobs.list();
    expect(jobs.find(({ id }) => id === job.id)).toMatchObject({ state: "failed", error: { code: "interrupted" } });
    const { entries } = await client.system.files.list({ path: join(home, "uploads"), show: "data" });
    expect(entries).toEqual([]);
  });
});
