import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WORKER_PROTOCOL, type GenerateRequest, type WorkerEvent } from "#shared/worker/protocol.ts";
import { join } from "node:path";
import { repositoryRoot } from "../../shared.ts";
import { WorkerProcess } from "./harness.ts";

const modelDir = join(repositoryRoot, "resources", "sample", "model");
const REQUEST: Omit<GenerateRequest, "requestId"> = {
  type: "generate",
  promptIds: [1, 403, 407],
  stopIds: [],
  temperature: 0,
  topP: 1,
  seed: 1,
  maxNewTokens: 12,
};

describe("a chat worker", () => {
  let worker: WorkerProcess;
  beforeAll(async () => {
    worker = new WorkerProcess();
    worker.send({
      type: "job",
      job: { kind: "chat", protocol: WORKER_PROTOCOL, modelDir, adapterDir: null, threads: 1 },
    });
    await worker.until((event) => event.type === "ready");
  });
  afterAll(async () => {
    worker.send({ type: "shutdown" });
    expect(await worker.exit()).toBe(0);
  });

  const ask = async (request: Partial<GenerateRequest> & { requestId: string }) => {
    worker.send({ ...REQUEST, ...request });
    const mine = (event: WorkerEvent) => "requestId" in event && event.requestId === request.requestId;
    await worker.until((event) => mine(event) && event.type !== "token");
    return worker.events.filter(mine);
  };
  const answer = async (request: Partial<GenerateRequest> & { requestId: string }) => {
    const end = (await ask(request)).at(-1);
    if (end?.type !== "generated") throw new Error(`no answer: ${JSON.stringify(end)}`);
    return end;
  };

  test("greedy answers repeat, and each token is streamed", async () => {
    const events = await ask({ requestId: "a" });
    const tokens = events.flatMap((event) => (event.type === "token" ? [event.id] : []));
    const second = await answer({ requestId: "b" });
    expect(tokens).toHaveLength(12);
    expect(second).toMatchObject({ ids: tokens, stopped: false });
  });

  test("a stop id ends the answer and is not part of it", async () => {
    const { ids } = await answer({ requestId: "c" });
    const stopIds = [ids[5] ?? -1];
    expect(await answer({ requestId: "d", stopIds })).toMatchObject({
      ids: ids.slice(0, ids.indexOf(stopIds[0] ?? -1)),
      stopped: true,
    });
  });

  test("sampling follows the seed", async () => {
    const sampled = { temperature: 2, topP: 1 };
    const [one, same, other] = [
      await answer({ requestId: "e", ...sampled, seed: 5 }),
      await answer({ requestId: "f", ...sampled, seed: 5 }),
      await answer({ requestId: "g", ...sampled, seed: 6 }),
    ];
    expect(same.ids).toEqual(one.ids);
    expect(other.ids).not.toEqual(one.ids);
  });

  test("cancelled, it ends after the token in progress, and the next request is answered", async () => {
    const next = answer({ requestId: "h", maxNewTokens: 5000 });
    await worker.until((event) => event.type === "token" && event.requestId === "h");
    worker.send({ type: "cancel-generate", requestId: "h" });
    const cancelled = await next;
    expect(cancelled.stopped).toBe(false);
    expect(cancelled.ids.length).toBeLessThan(5000);
    expect((await answer({ requestId: "i" })).ids).toHaveLength(12);
  });

  test("an empty prompt fails that request only", async () => {
    expect((await ask({ requestId: "j", promptIds: [] })).at(-1)).toMatchObject({ type: "generate-failed" });
  });
});
