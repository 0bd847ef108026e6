import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { createEncoder, parseRow, Tokenizer, type RowEncoder } from "#shared/text/index.ts";
import { WORKER_PROTOCOL, type ServingTemplate } from "#shared/worker/protocol.ts";
import { heldOutPrompts, sampleConversations } from "../../scripts/sample/conversations.ts";
import { HELD_OUT_CHINESE_NOUNS, HELD_OUT_NOUNS } from "../../scripts/sample/words.ts";
import { makeJob, runJob, temporaryFolder, WorkerProcess, type TokenRow } from "../engine/train/harness.ts";
import { repositoryRoot } from "../shared.ts";

const folder = join(repositoryRoot, "resources/sample");
const modelDir = join(folder, "model");
const lines = (name: string): unknown[] =>
  readFileSync(join(folder, name), "utf8").trim().split("\n").map((line) => JSON.parse(line) as unknown); // prettier-ignore
const prompts = lines("held_out.jsonl") as { prompt: string; expected: string }[];

function openEncoder(): RowEncoder {
  const json = (name: string): unknown => JSON.parse(readFileSync(join(modelDir, name), "utf8"));
  const tokenizer = new Tokenizer(json("tokenizer.json"), json("tokenizer_config.json"));
  return createEncoder({ tokenizer, template: { kind: "jinja", source: tokenizer.files.chatTemplate ?? "" } });
}

interface Answers {
  readonly following: number;
  readonly stopped: number;
}

/** Greedy answers to the held-out prompts by a real chat worker. */
async function ask(encoder: RowEncoder, adapterDir: string | null): Promise<Answers> {
  const worker = new WorkerProcess();
  worker.send({ type: "job", job: { kind: "chat", protocol: WORKER_PROTOCOL, modelDir, adapterDir, threads: 2 } });
  await worker.until((event) => event.type === "ready" || event.type === "failed");
  for (const [index, { prompt }] of prompts.entries()) {
    const { ids } = encoder.renderPrompt([{ role: "user", content: prompt }]);
    const greedy = { temperature: 0, topP: 1, seed: 1, maxNewTokens: 200, stopIds: [...encoder.stopIds] };
    worker.send({ type: "generate", requestId: String(index), promptIds: ids, ...greedy });
  }
  await worker.until((event) => event.type === "generated" && event.requestId === String(prompts.length - 1));
  worker.send({ type: "shutdown" });
  await worker.exit();
  const answers = worker.events.filter((event) => event.type === "generated");
  const text = (ids: readonly number[]) => encoder.tokenizer.decode([...ids]);
  const following = answers.filter(({ ids, requestId }) => text(ids) === prompts[Number(requestId)]?.expected);
  return { following: following.length, stopped: answers.filter(({ stopped }) => stopped).length };
}

test("conversations and prompts are what the script makes, and share no topic", () => {
  expect(lines("conversations.jsonl")).toEqual(sampleConversations());
  expect(prompts).toEqual(heldOutPrompts());
  const text = readFileSync(join(folder, "conversations.jsonl"), "utf8");
  for (const noun of [...HELD_OUT_NOUNS, ...HELD_OUT_CHINESE_NOUNS]) expect(text).not.toContain(noun);
});

test("the model with its tokenizer is at most 3 MB", () => {
  const bytes = readdirSync(modelDir).map((name) => statSync(join(modelDir, name)).size);
  expect(bytes.reduce((a, b) => a + b, 0)).toBeLessThan(3_000_000);
});

describe("the sample project", () => {
  let encoder: RowEncoder;
  beforeAll(() => {
    encoder = openEncoder();
  });

  test("the base model answers in its own way, and every answer stops", async () => {
    const { following, stopped } = await ask(encoder, null);
    expect(stopped).toBe(prompts.length);
    expect(following).toBeLessThanOrEqual(2);
  });

  test("an adapter with the defaults learns the taught form in under a minute", async () => {
    const rows = lines("conversations.jsonl").map((row, index): TokenRow => {
      const { ids, labels, weights } = encoder.encode(parseRow(row), index).encoded;
      return { input_ids: [...ids], labels: [...labels], weights: [...weights] };
    });
    const template: ServingTemplate = {
      source: encoder.templateSource, name: "own", hash: "t", defaultSystem: null,
      stopIds: [...encoder.stopIds], endOfTurn: "<|im_end|>",
    }; // prettier-ignore
    const outputDir = join(temporaryFolder(), "adapter");
    const parts = { modelDir, outputDir, rows: rows.slice(24), evalRows: rows.slice(0, 24) };
    const started = performance.now();
    const worker = await runJob(makeJob({ ...parts, job: { template, threads: 2 } }));
    const seconds = (performance.now() - started) / 1000;
    expect(worker.events.filter((event) => event.type === "failed")).toEqual([]);
    const totals = worker.events.find((event) => event.type === "totals");
    const answers = await ask(encoder, outputDir);
    console.log(JSON.stringify({ seconds, steps: totals?.totalSteps, ...answers }));
    expect(answers.stopped).toBe(prompts.length);
    expect(answers.following).toBeGreaterThanOrEqual(15);
    expect(seconds).toBeLessThan(60);
  });
});
