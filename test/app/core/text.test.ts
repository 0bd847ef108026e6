import { gunzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { sharedPath } from "../../shared.ts";
import { chatLine, finishedJob, importFile, importText, startCore } from "./helpers.ts";

const qwen = sharedPath("tokenizers", "qwen2_5");
const belle = sharedPath("datasets", "belle_267.jsonl");
const oracle = sharedPath("oracles", "masks", "belle_267.seed.jsonl.gz");
const stories = sharedPath("models", "stories260K-hf") ?? "";
const settings: EncodeSettings = {
  modelPath: qwen ?? "",
  template: { kind: "preset", name: "chatml-human" },
  maxLength: 2048,
  overLength: "truncate",
};
const oracleLine = v.object({ row: v.number(), ids: v.array(v.number()), labels: v.array(v.number()) });

describe.skipIf(qwen === undefined || belle === undefined || oracle === undefined)("text services", () => {
  it("previews a stored row as the reference encodes it", async () => {
    const { client } = await startCore();
    const { version } = await importFile(client, belle ?? "");
    const { rows } = await client.datasets.rows({ versionId: version.id, offset: 0, limit: 3 });
    const lines = gunzipSync(readFileSync(oracle ?? ""))
      .toString()
      .split("\n")
      .slice(0, 3);
    const expected = lines.map((line) => v.parse(oracleLine, JSON.parse(line)));
    for (const [i, { id: rowId }] of rows.entries()) {
      const view = await client.text.preview({ settings, row: { kind: "stored", versionId: version.id, rowId } });
      expect({ row: i, ids: view.ids, labels: view.labels }).toEqual(expected[i]);
      expect(view.pieces[0]).toBe("<|im_start|>");
    }
  });

  it("proves a version, and finds the proof again until a row changes", async () => {
    const { client } = await startCore();
    const { version } = await importFile(client, belle ?? "");
    const key = { versionId: version.id, settings };
    expect(await client.text.latestProof(key)).toBeNull();
    const job = await finishedJob(client, (await client.text.prove(key)).jobId);
    expect(job).toMatchObject({ state: "done", done: 267, total: 267 });
    const proof = await client.text.proofResult({ proofId: job.resultId ?? "" });
    const lines = gunzipSync(readFileSync(oracle ?? ""))
      .toString()
      .trim()
      .split("\n");
    const expected = lines.map((line) => v.parse(oracleLine, JSON.parse(line)));
    expect(proof.tokens).toBe(expected.reduce((sum, row) => sum + row.ids.length, 0));
    expect(proof.longestRow).toBe(Math.max(...expected.map((row) => row.ids.length)));
    expect(proof).toMatchObject({ rows: 267, blocking: [] });
    expect(await client.text.latestProof(key)).toEqual(proof);
    expect(await client.text.latestProof({ ...key, settings: { ...settings, mask: "assistant" } })).toBeNull();
    const { rows } = await client.datasets.rows({ versionId: version.id, offset: 0, limit: 1 });
    const row = { versionId: version.id, rowId: rows[0]?.id ?? "" };
    await client.datasets.setVerdict({ ...row, verdict: "rejected" });
    expect(await client.text.latestProof(key)).toBeNull();
    await client.datasets.undo(row);
    expect(await client.text.latestProof(key)).toEqual(proof);
  });

  it("cancels a proof and keeps nothing of it", async () => {
    const { client } = await startCore();
    const { version } = await importFile(client, belle ?? "");
    const { jobId } = await client.text.prove({ versionId: version.id, settings });
    expect((await client.system.jobs.cancel({ jobId })).state).toBe("cancelled");
    expect(await client.text.latestProof({ versionId: version.id, settings })).toBeNull();
  });

  it("keeps a proof up to date, never twice for the same, and stops an outdated one", async () => {
    const { client } = await startCore();
    const { version } = await importFile(client, belle ?? "");
    const key = { versionId: version.id, settings };
    const both = await Promise.all([client.text.ensureProof(key), client.text.ensureProof(key)]);
    expect(both[0].jobId).toBe(both[1].jobId);
    // the same said in other words is the same
    const wordy = { ...settings, rowOptions: { truncation: "end" as const, splitTurns: false }, maskOptions: {} };
    expect((await client.text.ensureProof({ ...key, settings: wordy })).jobId).toBe(both[0].jobId);
    const { rows } = await client.datasets.rows({ versionId: version.id, offset: 0, limit: 1 });
    await client.datasets.setVerdict({ versionId: version.id, rowId: rows[0]?.id ?? "", verdict: "rejected" });
    const next = await client.text.ensureProof(key);
    expect((await finishedJob(client, both[0].jobId ?? "")).state).toBe("cancelled");
    expect(await finishedJob(client, next.jobId ?? "")).toMatchObject({ state: "done", total: 266 });
    expect(await client.text.ensureProof(key)).toEqual({ jobId: null });
    // what somebody asked for by hand goes on
    const { jobId: byHand } = await client.text.prove(key);
    const other = await client.text.ensureProof({ ...key, settings: { ...settings, mask: "assistant" } });
    expect((await finishedJob(client, byHand)).state).toBe("done");
    expect((await finishedJob(client, other.jobId ?? "")).state).toBe("done");
  });

  it("names the classes that stop a run", async () => {
    const { client } = await startCore();
    const long = chatLine(["user", "q"], ["assistant", "word ".repeat(80)]);
    const odd = chatLine(["user", "q"], ["referee", "a"]);
    const { version } = await importText(client, [chatLine(["user", "q"], ["assistant", "a"]), long, odd].join("\n"));
    const strict = { ...settings, maxLength: 60, overLength: "error" as const };
    const job = await finishedJob(client, (await client.text.prove({ versionId: version.id, settings: strict })).jobId);
    const proof = await client.text.proofResult({ proofId: job.resultId ?? "" });
    expect(new Set(proof.blocking)).toEqual(new Set(["truncated", "untrained-end-of-turn", "unencodable"]));
    expect(proof.findings).toContainEqual(expect.objectContaining({ class: "truncated", count: 1, rows: [1] }));
    expect(proof.findings).toContainEqual(expect.objectContaining({ class: "unencodable", count: 1, rows: [2] }));
  });

  it("knows every row of a class, also under a search and after a restart", async () => {
    const { client, core, home } = await startCore();
    const lines = Array.from({ length: 1200 }, (_, i) =>
      i % 3 === 0 ? chatLine(["user", `unanswered ${i}`]) : chatLine(["user", "q"], ["assistant", `a ${i}`]),
    );
    const { version } = await importText(client, lines.join("\n"));
    const answers = { ...settings, mask: "assistant" as const };
    const job = await finishedJob(
      client,
      (await client.text.prove({ versionId: version.id, settings: answers })).jobId,
    );
    const finding = { proofId: job.resultId ?? "", class: "no-scored-token" };
    const page = { versionId: version.id, offset: 350, limit: 50, finding };
    const { total, rows } = await client.datasets.rows(page);
    expect(total).toBe(400);
    expect(rows.map(({ index }) => index)).toEqual(Array.from({ length: 50 }, (_, i) => 3 * (350 + i)));
    const searched = await client.datasets.rows({ ...page, offset: 0, search: "unanswered 99" });
    expect(searched.rows.map(({ index }) => index)).toEqual([99, 990, 993, 996, 999]);
    await core.close();
    const again = await startCore({ home });
    expect((await again.client.datasets.rows(page)).rows).toEqual(rows);
  });

  it("warns when a tuned model gets another template, and reports where one does not parse", async () => {
    const { client } = await startCore();
    const report = await client.text.template({ settings });
    expect(report.departure?.own).toContain("<|im_start|>user");
    expect(report.departure?.chosen).toContain("<|im_start|>human");
    expect(report.specialTokens).toContainEqual({ name: "end of turn", text: "<|im_end|>", id: 151645 });
    expect((await client.text.template({ settings: { ...settings, template: { kind: "own" } } })).departure).toBeNull();
    const broken = { kind: "text" as const, source: "line\n{% for %}" };
    const { error } = await client.text.template({ settings: { ...settings, template: broken } });
    expect(error).toMatchObject({ code: "template-syntax", where: { line: 2 } });
    await expect(client.text.save({ name: "bad", source: broken.source })).rejects.toMatchObject({
      data: { code: "template-syntax" },
    });
  });

  it("names the departure in the proof, beside the findings about rows", async () => {
    const { client } = await startCore();
    const { version } = await importText(client, chatLine(["user", "q"], ["assistant", "a"]));
    const prove = async (changed: Partial<EncodeSettings>) => {
      const request = { versionId: version.id, settings: { ...settings, mask: undefined, ...changed } };
      const job = await finishedJob(client, (await client.text.prove(request)).jobId);
      return client.text.proofResult({ proofId: job.resultId ?? "" });
    };
    const departed = await prove({});
    expect(departed).toMatchObject({ findings: [], blocking: [] });
    expect(departed.settingsFindings).toMatchObject([{ class: "template-departs", repair: "use-own-template" }]);
    const own = { kind: "own" as const };
    expect((await prove({ template: own })).settingsFindings).toEqual([]);
    const [system] = (await prove({ template: own, systemMessage: "Be brief." })).settingsFindings;
    expect(system?.changes).toMatchObject([{ what: "system", chosen: expect.stringContaining("Be brief.") as string }]);
    const odd = {
      kind: "text" as const,
      source:
        "{{ raise_exception('no') if messages | length > 2 }}{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}",
    };
    const [refused] = (await prove({ template: odd })).settingsFindings;
    expect(refused).toMatchObject({ changes: [], message: expect.stringContaining("could not be compared") as string });
  });

  it("stops a template that loops for ever and says so", async () => {
    const { client } = await startCore();
    const source = "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}";
    const { version } = await importText(client, chatLine(["user", "q"], ["assistant", "a"]));
    const endless = { ...settings, template: { kind: "text" as const, source } };
    const job = await finishedJob(
      client,
      (await client.text.prove({ versionId: version.id, settings: endless })).jobId,
    );
    expect(job.state).toBe("failed");
    expect(job.error?.code).toMatch(/^template-/);
    expect((await client.datasets.list()).length).toBe(1);
  });

  it("says what is missing where a model has no template, and needs none for documents", async () => {
    const { client } = await startCore();
    const own = { modelPath: stories, template: { kind: "own" as const } };
    const row = { kind: "conversation" as const, conversation: { messages: [{ role: "user", content: "hi" }] } };
    await expect(client.text.preview({ settings: own, row: { kind: "draft", row } })).rejects.toMatchObject({
      data: { code: "template-missing" },
    });
    const text = { kind: "text" as const, text: "Once upon a time" };
    const view = await client.text.preview({ settings: own, row: { kind: "draft", row: text } });
    expect(view.labels).toEqual(view.ids);
  });
});
