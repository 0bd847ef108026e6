import { describe, expect, it } from "vitest";
import type { MetricColumns, RunSummary } from "#shared/contract/runs.ts";
import { compareRuns, type ComparedRun } from "#main/core/runs/compare.ts";
import { explainExit, explainFailure } from "#main/core/runs/failure.ts";
import { holdOut } from "#main/core/runs/split.ts";
import { contentHash, rowIdentity } from "#main/core/data/hash.ts";
import type { Run } from "#main/core/store/runs.ts";

const identities = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => rowIdentity(contentHash(`row ${i}`), 0));

describe("held-out rows", () => {
  const rows = identities(400);
  const options = { fraction: 0.05, seed: 42 };

  it("are 5 %, whatever the order", () => {
    const held = holdOut(rows, options);
    expect(held.size).toBe(20);
    expect(holdOut(rows.toReversed(), options)).toEqual(held);
    expect(holdOut(rows, { ...options, seed: 43 })).not.toEqual(held);
  });

  it("stay held out when rows are added", () => {
    const held = holdOut(rows, options);
    const more = holdOut([...rows, ...identities(440).slice(400)], options);
    expect([...held].filter((rowId) => !more.has(rowId)).length).toBeLessThanOrEqual(3);
  });

  it("keep equal rows on one side, and are none where all rows are equal", () => {
    const twice = [...rows, ...rows.map((rowId) => `${rowId}-1`)];
    const held = holdOut(twice, options);
    for (const rowId of held) expect(held.has(rowId.endsWith("-1") ? rowId.slice(0, -2) : `${rowId}-1`)).toBe(true);
    expect(holdOut(["a", "a-1", "a-2"], options).size).toBe(0);
    expect(holdOut(rows, { fraction: 0, seed: 1 }).size).toBe(0);
    expect(holdOut(rows.slice(0, 3), options).size).toBe(1);
  });
});

const NO_METRICS: MetricColumns = {
  step: [],
  epoch: [],
  loss: [],
  gradNorm: [],
  learningRate: [],
  tokens: [],
  supervisedTokens: [],
  stepSeconds: [],
  evalStep: [],
  evalLoss: [],
};

/** What a comparison looks at; the rest of a run does not matter here. */
function compared(
  name: string,
  options: { pins?: Record<string, string>; evalLoss?: number[]; rate?: number },
): ComparedRun {
  const pins = {
    data_hash: "d",
    template_hash: "t",
    mask: "assistant",
    model_hash: "m",
    eval_hash: "e",
    ...options.pins,
  };
  const evalLoss = options.evalLoss ?? [];
  const run: Run = {
    id: name,
    name,
    state: "done",
    sentence: "",
    createdAt: 0,
    queuedAt: 0,
    startedAt: 0,
    endedAt: 0,
    versionId: null,
    datasetName: "data",
    modelPath: "",
    modelName: "model",
    outputDir: "",
    template: { kind: "own" },
    encodeSettings: null,
    serving: null,
    proof: null,
    waived: [],
    pins,
    machine: null,
    phase: null,
    step: 2,
    startStep: 0,
    totalSteps: 2,
    resumeFrom: null,
    error: null,
  };
  const summary: RunSummary = {
    id: name,
    name,
    state: "done",
    phase: null,
    createdAt: 0,
    startedAt: 0,
    endedAt: 0,
    datasetName: "data",
    modelName: "model",
    step: 2,
    totalSteps: 2,
    lastLoss: 1,
    evalLoss: evalLoss.at(-1) ?? null,
    tokensPerSecond: 1,
    supervisedTokensPerSecond: 1,
    secondsLeft: null,
    changed: {},
    sparkline: [],
    sentence: "",
    queuePosition: null,
  };
  const rate = options.rate ?? 0.1;
  const entry = {
    key: "learning_rate",
    value: rate,
    source: "form" as const,
    defaultValue: 0.1,
    reason: "",
    type: "number" as const,
    choices: [],
    group: "optimizer" as const,
  };
  const metrics = { ...NO_METRICS, loss: [2, 1], evalLoss, evalStep: evalLoss.map((_, i) => i + 1) };
  return { run, summary, config: [entry], metrics };
}

describe("comparison", () => {
  it("says which run is better on the held-out rows, and what differs", () => {
    const result = compareRuns([
      compared("slow", { evalLoss: [2, 1.8], rate: 0.1 }),
      compared("fast", { evalLoss: [1.5, 1.6], rate: 0.2 }),
    ]);
    expect(result.comparable).toBe(true);
    expect(result.verdict).toBe(
      "fast is better on the held-out rows: evaluation loss 1.5000 against 1.8000 of slow (16.7 % lower).",
    );
    expect(result.differences).toEqual([{ kind: "setting", key: "learning_rate", values: ["0.1", "0.2"] }]);
  });

  it("does not compare losses under different masks, templates or evaluation rows", () => {
    const result = compareRuns([
      compared("a", { evalLoss: [1], pins: { mask: "all", eval_hash: "x" } }),
      compared("b", { evalLoss: [2] }),
    ]);
    expect(result.comparable).toBe(false);
    expect(result.verdict).toContain("different masks and evaluation rows");
    expect(result.differences).toContainEqual({ kind: "mask", key: "mask", values: ["all", "assistant"] });
  });

  it("is careful where little is known", () => {
    const near = compareRuns([compared("a", { evalLoss: [1] }), compared("b", { evalLoss: [1.001] })]);
    expect(near.verdict).toContain("No clear winner");
    expect(compareRuns([compared("a", {}), compared("b", {})]).verdict).toContain("Nothing was held out");
    const half = compareRuns([compared("a", { evalLoss: [1] }), compared("b", {})]);
    expect(half.verdict).toContain("Not every run has been evaluated");
  });

  it("shows a piece of the hash where names are equal", () => {
    const result = compareRuns([
      compared("a", { pins: { data_hash: "1234567890" } }),
      compared("b", { pins: { data_hash: "abcdefghij" } }),
    ]);
    expect(result.differences[0]).toMatchObject({ kind: "data", values: ["data (12345678)", "data (abcdefgh)"] });
  });
});

describe("why a worker ended", () => {
  const exit = { code: null, signal: null, stderr: "", rssBytes: 0, protocolError: null };
  const place = { outputDir: "/out", memoryBytes: 8 * 2 ** 30 };

  it.each([
    ["worker-killed", { ...exit, signal: "SIGKILL" as const, rssBytes: 2 ** 30 }],
    ["out-of-memory", { ...exit, signal: "SIGKILL" as const, rssBytes: 7 * 2 ** 30 }],
    ["out-of-memory", { ...exit, signal: "SIGABRT" as const, stderr: "FATAL ERROR: JavaScript heap out of memory" }],
    ["disk-full", { ...exit, code: 1, stderr: "Error: ENOSPC: no space left on device, write" }],
    ["worker-crashed", { ...exit, signal: "SIGSEGV" as const }],
    ["worker-crashed", { ...exit, code: 1, stderr: "TypeError: x is not a function" }],
    ["worker-protocol", { ...exit, signal: "SIGKILL" as const, protocolError: "unknown type" }],
  ])("is %s", (code, ended) => {
    const report = explainExit(ended, place);
    expect(report.code).toBe(code);
    expect(report.remedy).toBeDefined();
  });

  it("names what the worker itself reports", () => {
    const full = { code: "internal", message: "ENOSPC: no space left on device, write" };
    expect(explainFailure(full, "/out")).toMatchObject({ code: "disk-full", where: { file: "/out" } });
    const known = { code: "not-finite", message: "the loss is no longer finite", remedy: "lower it" };
    expect(explainFailure(known, "/out")).toBe(known);
  });
});
