import { cpSync, existsSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { preparedRows } from "#main/core/prepared/rows.ts";
import { repositoryRoot } from "../../shared.ts";
import { finishedJob, importFile, startCore, temporaryFolder, type CoreClient } from "./helpers.ts";

const oracles = join(repositoryRoot, "test", "oracles", "audit");
const modelPath = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
const source = readFileSync(join(oracles, "template.jinja"), "utf8");
const settings: EncodeSettings = { modelPath, template: { kind: "text", source } };

interface Expected {
  readonly rows?: number;
  readonly tokens?: number;
  readonly supervised_tokens?: number;
  readonly findings: Readonly<Record<string, readonly number[]>>;
}
const expected = JSON.parse(readFileSync(join(oracles, "expected.json"), "utf8")) as Record<string, Expected>;

async function open(client: CoreClient, name: string) {
  const { jobId } = await client.datasets.import({ files: [join(oracles, name)], name, tokenizer: modelPath });
  const job = await finishedJob(client, jobId);
  expect(job.error).toBeNull();
  return client.datasets.get({ datasetId: job.resultId ?? "" });
}

async function prove(client: CoreClient, versionId: string) {
  const { jobId } = await client.text.prove({ versionId, settings });
  const job = await finishedJob(client, jobId);
  expect(job.error).toBeNull();
  return client.text.proofResult({ proofId: job.resultId ?? "" });
}

describe("a prepared set in the workbench", () => {
  it.each(Object.entries(expected).filter(([name]) => name !== "trl-packed"))("%s", async (name, counts) => {
    const { client } = await startCore();
    const { version } = await open(client, name);
    expect(version).toMatchObject({ rows: counts.rows, badRows: 0, tokenised: true });
    const proof = await prove(client, version.id);
    expect(Object.fromEntries(proof.findings.map((each) => [each.class, each.rows]))).toEqual(counts.findings);
    if (counts.tokens !== undefined) {
      expect([proof.tokens, proof.supervisedTokens]).toEqual([counts.tokens, counts.supervised_tokens]);
    }
    // How another trainer labelled its rows is told and stops nothing; what could not train does.
    expect(proof.blocking).toEqual("no-scored-token" in counts.findings ? ["no-scored-token"] : []);
  });

  it("takes each document of a pack as a row, and shows its text and labels", async () => {
    const { client } = await startCore();
    const { version } = await open(client, "trl-packed");
    expect(version).toMatchObject({ rows: 20, badRows: 0, tokenised: true });
    const { rows } = await client.datasets.rows({ versionId: version.id, offset: 0, limit: 20 });
    expect(rows.some(({ title }) => title.includes("what is 2 + 0?"))).toBe(true);
    const view = await client.text.preview({
      settings,
      row: { kind: "stored", versionId: version.id, rowId: rows[0]?.id ?? "" },
    });
    expect(view.text).toMatch(/^<\|im_start\|>/);
    const trained = view.labels.map((label, i) =>
      label === -100 ? "" : view.text.slice(view.starts[i], view.ends[i]),
    );
    expect(trained.join("")).toMatch(/^(It is \d+\.|等于 \d+。)<\|im_end\|>/);
  });

  it("says which rows are not what Sift would train", async () => {
    const { client } = await startCore();
    const rows = await importFile(client, join(oracles, "source.jsonl"));
    const set = await open(client, "fault-no-end-of-turn");
    const request = { versionId: set.version.id, sourceVersionId: rows.version.id, settings };
    const job = await finishedJob(client, (await client.prepared.compare(request)).jobId);
    expect(job.error).toBeNull();
    const compared = await client.prepared.comparison({ comparisonId: job.resultId ?? "" });
    expect(compared).toMatchObject({
      ...request,
      rows: 20,
      same: 10,
      labelsDiffer: 10,
      idsDiffer: 0,
      unknown: 0,
      missing: 0,
    });
    expect(compared.differences[0]).toMatchObject({ row: 0, sourceRow: 0, kind: "labels", tokens: 1 });
    expect(compared.differences[0]?.theirs).toContain("<|im_end|>");
    const swapped = client.prepared.compare({ ...request, versionId: rows.version.id });
    await expect(swapped).rejects.toMatchObject({ data: { code: "not-tokenised" } });
  });

  it("names a damaged set and keeps nothing of it", async () => {
    const { client } = await startCore();
    const folder = join(temporaryFolder(), "cut");
    cpSync(join(oracles, "axolotl"), folder, { recursive: true });
    truncateSync(join(folder, "data-00000-of-00001.arrow"), 9000);
    const { jobId } = await client.datasets.import({ files: [folder], name: "cut" });
    expect((await finishedJob(client, jobId)).error).toMatchObject({ code: "prepared-damaged" });
    const empty = await client.datasets.import({ files: [temporaryFolder()], name: "empty" });
    expect((await finishedJob(client, empty.jobId)).error).toMatchObject({ code: "prepared-format" });
    expect(await client.datasets.list()).toEqual([]);
  });

  it("is listed by the picker as one thing to choose", async () => {
    const { client } = await startCore();
    const { entries } = await client.system.files.list({ path: oracles, show: "prepared" });
    const shown = new Map(entries.map(({ name, isDataset }) => [name, isDataset]));
    expect([shown.get("axolotl"), shown.get("llamafactory"), shown.get("good.parquet")]).toEqual([true, true, false]);
    expect(shown.has("make.py")).toBe(false);
  });
});

describe("a dataset on its way to another trainer", () => {
  it("is written with its verdicts, and reads back id for id", async () => {
    const { client } = await startCore();
    const { version } = await importFile(client, join(oracles, "source.jsonl"));
    const { rows } = await client.datasets.rows({ versionId: version.id, offset: 0, limit: 3 });
    await client.datasets.setVerdict({ versionId: version.id, rowId: rows[1]?.id ?? "", verdict: "rejected" });
    await client.datasets.paintMessage({
      versionId: version.id,
      rowId: rows[2]?.id ?? "",
      ...{ messageIndex: 1, start: 0, end: 2, weight: 0.5 },
    });
    const folder = join(temporaryFolder(), "out");
    const write = async () =>
      finishedJob(client, (await client.prepared.export({ versionId: version.id, settings, folder })).jobId);
    expect(await write()).toMatchObject({ state: "done", rows: 19, badRows: 0 });
    expect(readdirSync(folder).sort()).toEqual(["data-00000-of-00001.arrow", "dataset_info.json", "state.json"]);
    const read = [];
    for await (const row of preparedRows(folder)) if ("documents" in row) read.push(...row.documents);
    const view = await client.text.preview({
      settings,
      row: { kind: "stored", versionId: version.id, rowId: rows[2]?.id ?? "" },
    });
    expect(read).toHaveLength(19);
    expect(read[1]).toEqual({ inputIds: view.ids, labels: view.labels, weights: view.weights });
    expect(view.weights).toContain(0.5);
    expect((await write()).error).toMatchObject({ code: "output-not-empty" });
    expect(existsSync(folder)).toBe(true);
  });
});
