import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { WORKER_PROTOCOL } from "#shared/worker/protocol.ts";
import { repositoryRoot } from "../../shared.ts";
import { WorkerProcess } from "./harness.ts";

const failureOf = (worker: WorkerProcess) => worker.events.find((event) => event.type === "failed")?.error;

describe("the worker process", () => {
  test("what it does not understand ends it with a reason", async () => {
    const worker = new WorkerProcess();
    worker.child.send({ type: "job", job: { kind: "train", protocol: 99 } });
    expect(await worker.exit()).toBe(2);
    expect(failureOf(worker)).toMatchObject({ code: "bad-message" });
  });

  test("a model that cannot be opened fails the job with the engine's reason", async () => {
    const worker = new WorkerProcess();
    const modelDir = join(repositoryRoot, "docs");
    worker.send({
      type: "job",
      job: { kind: "chat", protocol: WORKER_PROTOCOL, modelDir, adapterDir: null, threads: 1 },
    });
    expect(await worker.exit()).toBe(1);
    expect(failureOf(worker)).toMatchObject({ code: "model-config-missing", where: { file: modelDir } });
  });

  test("a question without a model fails that request only", async () => {
    const worker = new WorkerProcess();
    const request = { requestId: "a", promptIds: [1], stopIds: [], maxNewTokens: 1, temperature: 0, topP: 1, seed: 1 };
    worker.send({ type: "generate", ...request });
    expect(await worker.until((event) => event.type === "generate-failed")).toMatchObject({
      error: { code: "not-ready" },
    });
    worker.send({ type: "shutdown" });
    expect(await worker.exit()).toBe(0);
  });

  test("it ends with its core, and does not start without one", async () => {
    const worker = new WorkerProcess();
    await worker.until((event) => event.type === "heartbeat");
    worker.child.disconnect();
    expect(await worker.exit()).toBe(3);
    const alone = spawnSync(process.execPath, [join(repositoryRoot, "src-worker/main.ts")], { encoding: "utf8" });
    expect(alone.status).not.toBe(0);
    expect(alone.stderr).toContain("started by Sift");
  });
});
