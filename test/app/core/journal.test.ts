import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "#shared/contract/runs.ts";
import type { AppEvent } from "#shared/contract/system.ts";
import { RunJournal } from "#main/core/runs/journal.ts";
import { Store } from "#main/core/store/index.ts";
import { RUN_TRANSITIONS } from "#main/core/store/runs.ts";
import { EventHub } from "#main/core/system/events.ts";
import { onEnd, temporaryFolder } from "./helpers.ts";

function openJournal() {
  const store = new Store(join(temporaryFolder(), "sift.db"));
  onEnd(() => store.close());
  const events = new EventHub();
  let now = 1000;
  const journal = new RunJournal({ store, events, clock: () => (now += 1) });
  const runId = store.runs.create(
    {
      name: "a run",
      sentence: "Waiting",
      createdAt: 1,
      queuedAt: 1,
      versionId: null,
      datasetName: "rows",
      modelPath: "/m",
      modelName: "m",
      outputDir: "/o",
      template: { kind: "own" },
      encodeSettings: null,
      serving: null,
      proof: null,
      waived: [],
      pins: {},
      resumeFrom: null,
    },
    [],
  );
  journal.announce(runId);
  return { store, events, journal, runId };
}

const step = (n: number, loss = n) => ({
  type: "step" as const,
  step: n,
  epoch: n / 10,
  loss,
  gradNorm: 1,
  learningRate: 0.1,
  tokens: 10,
  supervisedTokens: 4,
  stepSeconds: 0.5,
  peakMemoryBytes: 1,
});

describe("run journal", () => {
  it("gives the recorded events first, then live ones, and ends with the run", async () => {
    const { journal, runId } = openJournal();
    journal.transition(runId, "running", { sentence: "Training" });
    for (let n = 1; n <= 1200; n += 1) journal.record(runId, step(n), n);
    const seen: RunEvent[] = [];
    for await (const event of journal.watch(runId, 0, undefined)) {
      seen.push(event);
      // a slow reader: more happens while it reads
      if (seen.length === 600) journal.record(runId, step(1201), 1201);
      if (seen.length === 1203) journal.transition(runId, "done", { sentence: "Done" });
    }
    expect(seen.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 1204 }, (_, i) => i + 1));
    expect(seen.at(-1)?.event).toEqual({ type: "state", state: "done", sentence: "Done" });
    const later: RunEvent[] = [];
    for await (const event of journal.watch(runId, 1200, undefined)) later.push(event);
    expect(later.map(({ sequence }) => sequence)).toEqual([1201, 1202, 1203, 1204]);
  });

  it("stops waiting when its reader goes away", async () => {
    const { journal, runId } = openJournal();
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    const seen: RunEvent[] = [];
    for await (const event of journal.watch(runId, 0, abort.signal)) seen.push(event);
    expect(seen).toHaveLength(1);
  });

  it("keeps both events of a step that a resumed run repeats, and the newer value in the curve", () => {
    const { store, journal, runId } = openJournal();
    for (const n of [1, 2, 3]) journal.record(runId, step(n), n);
    const totals = { totalParameters: 1, trainableParameters: 1, stepsPerEpoch: 9, trainRows: 9, evalRows: 0 };
    journal.record(runId, { type: "totals", totalSteps: 9, startStep: 1, ...totals }, 4);
    expect(store.progress.metrics(runId).step).toEqual([1]);
    journal.record(runId, step(2, 20), 5);
    expect(store.progress.metrics(runId).loss).toEqual([1, 20]);
    expect(store.progress.events(runId, 0, 99).filter(({ event }) => event.type === "step")).toHaveLength(4);
  });

  it("refuses what the state machine does not know", () => {
    const { journal, store, runId } = openJournal();
    expect(() => journal.transition(runId, "done", { sentence: "" })).toThrow(/queued cannot become done/);
    expect(store.runs.get(runId).state).toBe("queued");
    expect(RUN_TRANSITIONS.done).toEqual(["queued"]); // an extension
  });

  it("thins a long curve to what a sparkline needs, both ends kept", () => {
    const { store, journal, runId } = openJournal();
    for (let n = 1; n <= 500; n += 1) journal.record(runId, step(n), n);
    const curve = store.progress.lossCurve(runId, 60);
    expect(curve.length).toBeLessThanOrEqual(61);
    expect([curve[0], curve.at(-1)]).toEqual([1, 500]);
    expect(store.progress.totals(runId, 498)).toEqual({ tokens: 20, supervisedTokens: 8, seconds: 1 });
  });
});

describe("event hub", () => {
  it("lets a slow reader's backlog grow with the number of things only", async () => {
    const hub = new EventHub();
    const seen: AppEvent[] = [];
    const reader = hub.stream(undefined)[Symbol.asyncIterator]();
    const first = reader.next();
    for (let i = 0; i < 1000; i += 1) {
      hub.emit({ type: "runs", runId: `r${i % 3}` });
      hub.emit({ type: "datasets" });
    }
    const result = await first;
    if (!result.done) seen.push(result.value);
    for (let i = 0; i < 3; i += 1) {
      const next = await reader.next();
      if (!next.done) seen.push(next.value);
    }
    expect(new Set(seen.map((event) => (event.type === "runs" ? event.runId : event.type)))).toEqual(
      new Set(["r0", "r1", "r2", "datasets"]),
    );
    await reader.return(undefined);
  });
});
