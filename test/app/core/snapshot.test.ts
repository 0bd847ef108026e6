import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { SNAPSHOT_FILES, snapshotManifest } from "#shared/worker/snapshot.ts";
import { SnapshotWriter } from "#main/core/runs/snapshot-writer.ts";
import { repositoryRoot } from "../../shared.ts";
import { chatLine, importText, startCore, temporaryFolder, type CoreClient } from "./helpers.ts";
import { eventsOf } from "./reference-run.ts";

const model = join(repositoryRoot, "resources", "sample", "model");
const TEMPLATE = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}";
const indexLine = v.object({ row: v.number(), id: v.string() });

/** A snapshot read byte by byte from its files, without our reader. */
function readSnapshot(folder: string) {
  const manifest = v.parse(snapshotManifest, JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));
  const bytes = (name: string) => new Uint8Array(readFileSync(join(folder, name))).buffer;
  const ids = new Int32Array(bytes("ids.i32"));
  const labels = new Int32Array(bytes("labels.i32"));
  const weights = new Float32Array(bytes("weights.f32"));
  const offsets = new Float64Array(bytes("offsets.f64"));
  const index = readFileSync(join(folder, "rows.jsonl"), "utf8").trim().split("\n");
  const rows = index.map((line, i) => {
    const [start, end] = [offsets[i] ?? 0, offsets[i + 1] ?? 0];
    const part = { ids: [...ids.slice(start, end)], labels: [...labels.slice(start, end)] };
    return { ...v.parse(indexLine, JSON.parse(line)), ...part, weights: [...weights.slice(start, end)] };
  });
  return { manifest, rows, offsets: [...offsets] };
}

/** Trains one step on rows of the tiny model and hands back its snapshots. */
async function snapshotsOf(
  started: { client: CoreClient; home: string },
  data: string,
  values: Record<string, unknown> = {},
  waive: string[] = [],
) {
  const folder = temporaryFolder();
  const template = join(folder, "t.jinja");
  writeFileSync(template, TEMPLATE);
  const layer = {
    source: "file" as const,
    values: {
      model_name_or_path: model,
      train_files: [data],
      template,
      output_dir: join(folder, "out"),
      max_steps: 1,
      max_length: 64,
      packing: false,
      ...values,
    },
  };
  const { runId } = await started.client.runs.train({ layers: [layer], waive });
  await eventsOf(started.client, runId);
  const run = await started.client.runs.get({ runId });
  const at = (name: string) => join(started.home, "snapshots", runId, name);
  const open = (name: string) => (existsSync(at(name)) ? readSnapshot(at(name)) : undefined);
  return { run, train: open("train"), evaluation: open("eval") };
}

const line = (i: number): string => chatLine(["user", `q ${i}`], ["assistant", `a ${i}`]);
const lines = (count: number): string => Array.from({ length: count }, (_, i) => line(i)).join("\n");

describe("snapshot writer", () => {
  it("puts the folder in place whole, and leaves nothing when it is abandoned", async () => {
    const folder = join(temporaryFolder(), "train");
    const row = {
      index: 3,
      rowId: "x",
      ids: Int32Array.of(5, 6),
      labels: Int32Array.of(5, 6),
      weights: Float32Array.of(1, 1),
    };
    const writer = await SnapshotWriter.open(folder);
    await writer.add(row);
    expect(existsSync(folder)).toBe(false);
    const manifest = await writer.finish({ dataHash: "d", templateHash: "t", mask: "all" });
    expect(manifest).toMatchObject({ rows: 1, tokens: 2, supervisedTokens: 1, longestRow: 2 });
    for (const name of SNAPSHOT_FILES) {
      const content = readFileSync(join(folder, name));
      const sha256 = createHash("sha256").update(content).digest("hex");
      expect(manifest.files[name]).toEqual({ bytes: content.length, sha256 });
    }
    const abandoned = await SnapshotWriter.open(join(temporaryFolder(), "other"));
    await abandoned.add(row);
    await abandoned.abandon();
    expect(existsSync(`${folder}.tmp`)).toBe(false);
  });
});

describe("snapshots of runs", () => {
  it("hold the rows as the preview shows them: edits in, rejected rows out, what trains nothing out", async () => {
    const started = await startCore();
    const { client } = started;
    const { version, name } = await importText(client, lines(4));
    const page = await client.datasets.rows({ versionId: version.id, offset: 0, limit: 9 });
    const key = (i: number) => ({ versionId: version.id, rowId: page.rows[i]?.id ?? "" });
    await client.datasets.setVerdict({ ...key(0), verdict: "rejected" });
    await client.datasets.setVerdict({ ...key(2), verdict: "rejected", messageIndex: 1 });
    await client.datasets.editMessage({ ...key(3), messageIndex: 1, content: "edited" });
    const { run, train } = await snapshotsOf(started, name, {}, ["no-scored-token"]);
    expect(run.error).toBeNull();
    expect(run.versionId).toBe(version.id);
    // row 0 was rejected; what is left of row 2 trains nothing, which was agreed to
    expect(train?.rows.map(({ row, id }) => [row, id])).toEqual([1, 3].map((i) => [i, key(i).rowId]));
    expect(run.waived).toEqual([{ class: "no-scored-token", count: 1 }]);
    const settings = { modelPath: model, template: { kind: "text" as const, source: TEMPLATE } };
    const view = await client.text.preview({ settings, row: { kind: "stored", ...key(3) } });
    expect(view.text).toContain("edited");
    expect(train?.rows[1]).toMatchObject({ ids: view.ids, labels: view.labels, weights: view.weights });
  });

  it("part the rows into trained and held-out ones, the same ones for every run with that seed", async () => {
    const started = await startCore();
    const data = join(temporaryFolder(), "rows 行.jsonl");
    writeFileSync(data, lines(40));
    const first = await snapshotsOf(started, data, { eval_split: 0.1 });
    const second = await snapshotsOf(started, data, { eval_split: 0.1, learning_rate: 0.1 });
    expect(first.evaluation?.rows).toHaveLength(4);
    expect(first.train?.rows).toHaveLength(36);
    const rows = [...(first.train?.rows ?? []), ...(first.evaluation?.rows ?? [])].map(({ row }) => row);
    expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(second.evaluation?.rows).toEqual(first.evaluation?.rows);
    expect(second.run.pins["data_hash"]).toBe(first.run.pins["data_hash"]);
    expect(second.run.pins["eval_hash"]).toBe(first.run.pins["eval_hash"]);
  });

  it("take evaluation rows from their own files, and the first N training rows", async () => {
    const started = await startCore();
    const folder = temporaryFolder();
    writeFileSync(join(folder, "train.jsonl"), lines(10));
    writeFileSync(join(folder, "eval.jsonl"), [line(91), line(92)].join("\n"));
    const values = { eval_files: [join(folder, "eval.jsonl")], max_samples: 3 };
    const { train, evaluation, run } = await snapshotsOf(started, join(folder, "train.jsonl"), values);
    expect(run.error).toBeNull();
    expect(train?.rows.map(({ row }) => row)).toEqual([0, 1, 2]);
    expect(evaluation?.rows).toHaveLength(2);
    expect(run.summary.evalLoss).toBeGreaterThan(0);
  });

  it.each([
    ["truncate", [64]],
    ["drop", []],
    ["split", [64, 64]],
  ])("follow over_length: %s", async (policy, lengths) => {
    const started = await startCore();
    const data = join(temporaryFolder(), "long.jsonl");
    const long = chatLine(["user", "q"], ["assistant", "word ".repeat(60)]);
    writeFileSync(data, [line(0), long].join("\n"));
    const { train, run } = await snapshotsOf(started, data, { over_length: policy });
    expect(run.error).toBeNull();
    const pieces = (train?.rows ?? []).filter(({ row }) => row === 1).map(({ ids }) => ids.length);
    expect(pieces.slice(0, lengths.length)).toEqual(lengths);
    expect(pieces.every((length) => length <= 64)).toBe(true);
    if (policy === "drop") expect(pieces).toEqual([]);
  });

  it("are not made of rows that are too long under over_length: error", async () => {
    const started = await startCore();
    const data = join(temporaryFolder(), "long.jsonl");
    writeFileSync(data, [line(0), chatLine(["user", "q"], ["assistant", "word ".repeat(60)])].join("\n"));
    const { run, train } = await snapshotsOf(started, data);
    expect(run.error).toMatchObject({ code: "findings-block" });
    expect(run.error?.message).toContain("truncated (1 row)");
    expect(run.error?.remedy).toContain("over_length");
    expect(train).toBeUndefined();
  });
});
