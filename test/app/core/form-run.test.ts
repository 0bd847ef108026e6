import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "../../shared.ts";
import { chatLine, finishedJob, importText, startCore, type CoreClient } from "./helpers.ts";
import { eventsOf } from "./reference-run.ts";

const model = join(repositoryRoot, "resources", "sample", "model");
const TEMPLATE =
  "{% for m in messages %}{% if m.role == 'user' %}Q: {{ m.content }}\n{% else %}A: {{ m.content }}{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}A: {% endif %}";

const rows = (count: number): string =>
  Array.from({ length: count }, (_, i) => chatLine(["user", `Say ${i}`], ["assistant", `I say ${i}.`])).join("\n");

/** From a draft to a queued run, as the Train view does it. */
async function startFromForm(client: CoreClient, versionId: string, values: Record<string, string | number | boolean>) {
  const draft = {
    versionId,
    modelPath: model,
    template: { kind: "text" as const, source: TEMPLATE, name: "question" },
    values: { max_steps: 8, max_length: 64, ...values },
  };
  const plan = await client.runs.plan(draft);
  const settings = {
    modelPath: draft.modelPath,
    template: draft.template,
    maxLength: 64,
    overLength: "error" as const,
    systemPolicy: "keep" as const,
  };
  const job = await finishedJob(client, (await client.text.prove({ versionId, settings })).jobId);
  const proofId = job.resultId ?? "";
  const { runId } = await client.runs.start({ ...draft, proofId, waive: [] });
  return { plan, proofId, draft, runId };
}

describe("a run from the form", () => {
  it("is planned, proved, trained with held-out rows, listed, compared and talked to", async () => {
    const { client, home } = await startCore();
    const { version, name } = await importText(client, rows(240));
    const { plan, runId } = await startFromForm(client, version.id, { learning_rate: 0.001 });
    expect(plan.problems).toEqual([]);
    expect(plan).toMatchObject({ rows: 240, evalRows: 12, steps: 8 });
    expect(plan.entries.find(({ key }) => key === "learning_rate")).toMatchObject({ value: 0.001, source: "form" });
    expect(plan.entries.find(({ key }) => key === "output_dir")?.source).toBe("default");
    expect(plan.command).toContain("--learning_rate 0.001");
    await eventsOf(client, runId);
    const run = await client.runs.get({ runId });
    expect(run.error).toBeNull();
    expect(run.summary).toMatchObject({ state: "done", datasetName: name, changed: { learning_rate: "0.001" } });
    expect(run.summary.evalLoss).toBeGreaterThan(0);
    expect(run.pins["eval_hash"]).toBeDefined();
    const held = readFileSync(join(home, "snapshots", runId, "eval", "rows.jsonl"), "utf8")
      .trim()
      .split("\n");
    expect(held).toHaveLength(12);
    expect(readFileSync(join(run.outputDir, "chat_template.jinja"), "utf8")).toBe(TEMPLATE);

    const second = await startFromForm(client, version.id, { learning_rate: 0.01 });
    await eventsOf(client, second.runId);
    const comparison = await client.runs.compare({ runIds: [runId, second.runId] });
    expect(comparison.comparable).toBe(true);
    expect(comparison.differences).toEqual([{ kind: "setting", key: "learning_rate", values: ["0.001", "0.01"] }]);
    expect((await client.datasets.get({ datasetId: (await client.datasets.list())[0]?.id ?? "" })).usedByRuns).toBe(2);

    const { made } = await client.models.list();
    expect(made.map((entry) => [entry.runId, entry.kind])).toEqual([
      [second.runId, "adapter"],
      [runId, "adapter"],
    ]);
    const pane = {
      modelPath: model,
      adapterPath: made[1]?.path ?? "",
      runId,
      template: { kind: "own" as const },
    };
    const answer = { text: "", prompt: "" };
    for await (const event of await client.chat.send({
      panes: [pane],
      messages: [{ role: "user", content: "Say 7" }],
      maxNewTokens: 8,
      temperature: 0,
      seed: 1,
    })) {
      if (event.type === "prompt") answer.prompt = event.text;
      if (event.type === "done") answer.text = event.text;
    }
    expect(answer.prompt).toBe("Q: Say 7\nA: ");
    expect(answer.text).not.toBe("");
  });

  it("does not start on an outdated proof or with findings that nobody waived", async () => {
    const { client } = await startCore();
    const { version } = await importText(client, [rows(20), chatLine(["user", "alone"])].join("\n"));
    const started = startFromForm(client, version.id, {});
    await expect(started).rejects.toMatchObject({ data: { code: "findings-block" } });
    const page = await client.datasets.rows({ versionId: version.id, offset: 20, limit: 1 });
    const key = { versionId: version.id, rowId: page.rows[0]?.id ?? "" };
    await client.datasets.setVerdict({ ...key, verdict: "rejected" });
    const { runId, proofId, draft } = await startFromForm(client, version.id, { max_steps: 1 });
    await eventsOf(client, runId);
    expect((await client.runs.get({ runId })).summary.state).toBe("done");
    await client.datasets.undo(key);
    await expect(client.runs.start({ ...draft, proofId, waive: [] })).rejects.toMatchObject({
      data: { code: "proof-outdated" },
    });
    expect(existsSync((await client.runs.get({ runId })).outputDir)).toBe(true);
  });

  it("says what is wrong with a draft", async () => {
    const { client } = await startCore();
    const { version } = await importText(client, rows(3));
    const template = { kind: "own" as const };
    const plan = await client.runs.plan({
      versionId: version.id,
      modelPath: model,
      template,
      values: { lora_r: -1 },
    });
    expect(plan.problems[0]).toMatchObject({ key: "lora_r" });
  });
});
