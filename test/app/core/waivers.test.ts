import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EncodeSettings, Proof } from "#shared/contract/text.ts";
import { repositoryRoot } from "../../shared.ts";
import { chatLine, finishedJob, importText, startCore, temporaryFolder, type CoreClient } from "./helpers.ts";
import { eventsOf } from "./reference-run.ts";

const modelPath = join(repositoryRoot, "resources", "sample", "model");
const template = { kind: "preset" as const, name: "chatml" };
const settings: EncodeSettings = { modelPath, template, maxLength: 128, overLength: "error" };
const ROWS = [
  ...Array.from({ length: 12 }, (_, i) => chatLine(["user", `Say ${i}`], ["assistant", `I say ${i}.`])),
  chatLine(["user", "alone"]),
  chatLine(["user", "alone too"]),
].join("\n");

async function prove(client: CoreClient, versionId: string, under = settings): Promise<Proof> {
  const { jobId } = await client.text.prove({ versionId, settings: under });
  const job = await finishedJob(client, jobId);
  return client.text.proofResult({ proofId: job.resultId ?? "" });
}

describe("waivers", () => {
  it("hold for a class with its count, under these settings, until taken back", async () => {
    const { client, core, home } = await startCore();
    const { version } = await importText(client, ROWS);
    const proof = await prove(client, version.id);
    const draft = { versionId: version.id, modelPath, template, values: { max_steps: 1, max_length: 128 } };
    const start = (proofId: string) => client.runs.start({ ...draft, proofId, waive: [] });
    await expect(start(proof.id)).rejects.toMatchObject({ data: { code: "findings-block" } });
    const asked = { proofId: proof.id, class: "no-scored-token" };
    await expect(client.waivers.add({ ...asked, reason: " " })).rejects.toMatchObject({
      data: { code: "waiver-reason" },
    });
    await expect(client.waivers.add({ ...asked, class: "bos", reason: "why" })).rejects.toMatchObject({
      data: { code: "not-found" },
    });
    const [waiver] = await client.waivers.add({ ...asked, reason: "unanswered on purpose" });
    expect(waiver).toMatchObject({ class: "no-scored-token", count: 2, voidBecause: null });

    const { runId } = await start(proof.id);
    await eventsOf(client, runId);
    const run = await client.runs.get({ runId });
    expect(run.summary.state).toBe("done");
    expect(run.waived).toEqual([{ class: "no-scored-token", count: 2, reason: "unanswered on purpose" }]);

    // other settings: void, and said so; the same again: it holds again
    const other = await prove(client, version.id, { ...settings, mask: "last_assistant" });
    expect(await client.waivers.list({ proofId: other.id })).toMatchObject([{ count: 2, voidBecause: "settings" }]);
    expect(await client.waivers.list({ proofId: proof.id })).toMatchObject([{ voidBecause: null }]);

    // another count: void, and given anew with the new one
    const page = await client.datasets.rows({ versionId: version.id, offset: 13, limit: 1 });
    await client.datasets.setVerdict({ versionId: version.id, rowId: page.rows[0]?.id ?? "", verdict: "rejected" });
    const fewer = await prove(client, version.id);
    expect(await client.waivers.list({ proofId: fewer.id })).toMatchObject([{ count: 2, voidBecause: "count" }]);
    await expect(start(fewer.id)).rejects.toMatchObject({ data: { code: "findings-block" } });
    const renewed = await client.waivers.add({ ...asked, proofId: fewer.id, reason: "one is left" });
    expect(renewed).toMatchObject([{ count: 1, reason: "one is left", voidBecause: null }]);

    // it is in the database
    await core.close();
    const again = await startCore({ home });
    const [kept] = await again.client.waivers.list({ proofId: fewer.id });
    expect(kept).toMatchObject({ count: 1, reason: "one is left" });
    await again.client.waivers.remove({ waiverId: kept?.id ?? "" });
    expect(await again.client.waivers.list({ proofId: fewer.id })).toEqual([]);
  });

  it("are honoured by a run file on the same data and settings, up to their count", async () => {
    const { client } = await startCore();
    const { version, name } = await importText(client, ROWS);
    const folder = temporaryFolder();
    const values = { model_name_or_path: modelPath, train_files: [name], template: "chatml", max_length: 128 };
    const train = async (output: string) => {
      const layer = { source: "file" as const, values: { ...values, max_steps: 1, output_dir: join(folder, output) } };
      const { runId } = await client.runs.train({ layers: [layer], waive: [] });
      await eventsOf(client, runId);
      return client.runs.get({ runId });
    };
    expect((await train("blocked")).error).toMatchObject({ code: "findings-block" });
    const proof = await prove(client, version.id);
    await client.waivers.add({ proofId: proof.id, class: "no-scored-token", reason: "known" });
    expect((await train("waived")).waived).toEqual([{ class: "no-scored-token", count: 2, reason: "known" }]);
    const page = await client.datasets.rows({ versionId: version.id, offset: 0, limit: 1 });
    const key = { versionId: version.id, rowId: page.rows[0]?.id ?? "" };
    await client.datasets.setVerdict({ ...key, messageIndex: 1, verdict: "rejected" });
    expect((await train("more")).error?.message).toContain("no-scored-token (3 rows, 2 waived)");
  });
});

describe("rows of a finding", () => {
  it("are rejected all at once, and taken back all at once", async () => {
    const { client } = await startCore();
    const many = Array.from({ length: 130 }, (_, i) => chatLine(["user", `alone ${i}`]));
    const { version } = await importText(client, [...many, chatLine(["user", "q"], ["assistant", "a"])].join("\n"));
    const versionId = version.id;
    const proof = await prove(client, versionId);
    const finding = { proofId: proof.id, class: "no-scored-token" };
    const first = await client.datasets.rows({ versionId, offset: 0, limit: 1, finding });
    await client.datasets.setVerdict({ versionId, rowId: first.rows[0]?.id ?? "", verdict: "rejected" });
    const rejected = async (): Promise<number> =>
      (await client.datasets.rows({ versionId, offset: 0, limit: 1, verdict: "rejected" })).total;

    const { rowIds } = await client.datasets.rejectFinding({ versionId, finding });
    expect(rowIds).toHaveLength(129);
    expect(await rejected()).toBe(130);
    expect((await prove(client, versionId)).blocking).toEqual([]);

    await client.datasets.undoRows({ versionId, rowIds });
    expect(await rejected()).toBe(1);
  });
});
