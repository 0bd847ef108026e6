import { describe, expect, it } from "vitest";
import type { MadeModel, ModelEntry } from "#shared/contract/models.ts";
import type { RunSummary } from "#shared/contract/runs.ts";
import { basePane, defaultPanes, madeByRun, nextPane, paneKey, wantedPanes } from "#renderer/views/chat/panes.ts";

const base: ModelEntry = {
  path: "/models/base",
  name: "base",
  source: "folder",
  modelType: "llama",
  parameters: 1000,
  shape: null,
  bytes: 4000,
  hasTemplate: true,
  hasTokenizer: true,
  problem: null,
};
const made = (runId: string, step: number): MadeModel => ({
  runId,
  runName: runId,
  path: `/runs/${runId}/${step}`,
  baseModelPath: base.path,
  kind: "adapter",
  step,
  bytes: 10,
});
const run = (id: string, state: RunSummary["state"], createdAt: number): RunSummary => ({
  id,
  name: id,
  state,
  createdAt,
  startedAt: null,
  endedAt: null,
  datasetName: "d",
  modelName: "base",
  step: 1,
  totalSteps: 1,
  phase: null,
  lastLoss: null,
  evalLoss: null,
  tokensPerSecond: null,
  supervisedTokensPerSecond: null,
  secondsLeft: null,
  changed: {},
  sparkline: [],
  sentence: "",
  queuePosition: null,
});
const listing = { models: [base], made: [made("a", 5), made("a", 10), made("b", 3)] };
const nothing = { run: "", path: "", runs: "", model: "" };

describe("panes", () => {
  it("open with the newest finished run beside its base model, under the run's template", () => {
    const panes = defaultPanes(listing, [run("a", "done", 1), run("b", "done", 2), run("c", "failed", 3)]);
    expect(panes).toEqual([
      { modelPath: base.path, adapterPath: null, runId: "b", template: { kind: "own" } },
      { modelPath: base.path, adapterPath: "/runs/b/3", runId: "b", template: { kind: "own" } },
    ]);
  });

  it("open with a base model where nothing was trained", () => {
    expect(defaultPanes({ models: [base], made: [] }, []).map((pane) => pane.modelPath)).toEqual([base.path]);
    expect(defaultPanes({ models: [{ ...base, hasTokenizer: false }], made: [] }, [])).toEqual([]);
  });

  it("follow the address: a run's last model, one of its checkpoints, or several runs", () => {
    expect(madeByRun(listing, "a")?.step).toBe(10);
    expect(wantedPanes(listing, { ...nothing, run: "a", path: "/runs/a/5" })?.at(1)?.adapterPath).toBe("/runs/a/5");
    expect(wantedPanes(listing, { ...nothing, runs: "a,gone,b" })?.map((pane) => pane.adapterPath)).toEqual([
      "/runs/a/10",
      "/runs/b/3",
    ]);
    expect(wantedPanes(listing, nothing)).toBeUndefined();
  });

  it("are added with a model that no pane has yet", () => {
    const first = [basePane(base.path)];
    expect(nextPane(listing, first)?.adapterPath).toBe("/runs/a/5");
    const all = [...first, ...(wantedPanes(listing, { ...nothing, runs: "a,b" }) ?? [])];
    expect(all.map(paneKey)).not.toContain(paneKey(nextPane(listing, all) ?? basePane(base.path)));
  });
});
