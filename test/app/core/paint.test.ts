import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { SCHEMA_001 } from "#main/core/store/schema-001.ts";
import { openDatabase, SCHEMA_VERSION } from "#main/core/store/database.ts";
import { repositoryRoot } from "../../shared.ts";
import { sift } from "../cli/sift.ts";
import { eventsOf } from "./reference-run.ts";
import { chatLine, importText, startCore, temporaryFolder } from "./helpers.ts";

const model = join(repositoryRoot, "resources", "sample", "model");
const TEMPLATE = "{% for m in messages %}[{{ m.role }}]{{ m.content | trim }}{{ eos_token }}{% endfor %}";
const settings = { modelPath: model, template: { kind: "text" as const, source: TEMPLATE } };
const ANSWER = " once there was a dog";

async function oneRow(answer = ANSWER) {
  const started = await startCore();
  const dataset = await importText(started.client, chatLine(["user", "a story"], ["assistant", answer]));
  const versionId = dataset.version.id;
  const { rows } = await started.client.datasets.rows({ versionId, offset: 0, limit: 1 });
  const key = { versionId, rowId: rows[0]?.id ?? "" };
  const paint = (start: number, end: number, weight: number) =>
    started.client.datasets.paintMessage({ ...key, messageIndex: 1, start, end, weight });
  return { ...started, name: dataset.name, key, paint };
}
const spansOf = (detail: { row: unknown }): unknown =>
  (detail.row as { conversation: { messages: { spans?: unknown }[] } }).conversation.messages[1]?.spans;

describe("paint", () => {
  it("lies on the row, follows edits and is taken back step by step", async () => {
    const { client, key, paint } = await oneRow();
    expect(spansOf(await paint(18, 21, 0.5))).toEqual([{ start: 18, end: 21, weight: 0.5 }]);
    const edited = await client.datasets.editMessage({ ...key, messageIndex: 1, content: "At once there was a dog" });
    expect(spansOf(edited)).toEqual([{ start: 20, end: 23, weight: 0.5 }]);
    expect(spansOf(await paint(0, 23, 1))).toBeUndefined();
    expect(spansOf(await client.datasets.undo(key))).toEqual([{ start: 20, end: 23, weight: 0.5 }]);
    expect(spansOf(await client.datasets.undo(key))).toEqual([{ start: 18, end: 21, weight: 0.5 }]);
    const bare = await client.datasets.undo(key);
    expect(bare.row).toEqual(bare.original);
    expect(bare.history.map(({ what }) => what)).toEqual([
      "painted",
      "edited",
      "painted",
      "undone",
      "undone",
      "undone",
    ]);
  });

  it("is refused where there is no text, beyond the text, and for other weights", async () => {
    const { client, key, paint } = await oneRow();
    const refused = (code: string) => ({ data: { code } });
    await expect(paint(0, 3, 2.5)).rejects.toMatchObject(refused("paint-weight"));
    await expect(paint(0, ANSWER.length + 1, 0)).rejects.toMatchObject(refused("paint-range"));
    await expect(paint(3, 3, 0)).rejects.toMatchObject(refused("paint-range"));
    const wrong = client.datasets.paintMessage({ ...key, messageIndex: 7, start: 0, end: 1, weight: 0 });
    await expect(wrong).rejects.toMatchObject(refused("no-such-turn"));
  });

  it("makes another dataset of it for proofs, and the same one once it is taken back", async () => {
    const { client, key, paint } = await oneRow();
    const job = await client.text.prove({ versionId: key.versionId, settings });
    for await (const update of await client.system.jobs.watch({ jobId: job.jobId })) void update;
    expect(await client.text.latestProof({ versionId: key.versionId, settings })).not.toBeNull();
    await paint(18, 21, 0);
    expect(await client.text.latestProof({ versionId: key.versionId, settings })).toBeNull();
    await client.datasets.undo(key);
    expect(await client.text.latestProof({ versionId: key.versionId, settings })).not.toBeNull();
  });

  it("reaches the preview, the snapshot that a run trains on, and sift encode", async () => {
    const { client, home, name, key, paint } = await oneRow();
    await paint(18, 21, 2);
    await paint(0, 5, 0);
    const view = await client.text.preview({ settings, row: { kind: "stored", ...key } });
    const dog = view.weights.filter((_, i) =>
      "dog".includes(view.text.slice(view.starts[i], view.ends[i]).trim() || "-"),
    );
    expect(new Set(dog)).toEqual(new Set([2]));
    const once = view.text.indexOf("once");
    view.ids.forEach((_, i) => {
      if ((view.starts[i] ?? 0) >= once && (view.ends[i] ?? 0) <= once + 4) expect(view.labels[i]).toBe(-100);
    });

    const folder = temporaryFolder();
    const template = join(folder, "t.jinja");
    writeFileSync(template, TEMPLATE);
    const values = {
      model_name_or_path: model,
      train_files: [name],
      template,
      output_dir: join(folder, "out"),
      max_steps: 1,
      max_length: 64,
      packing: false,
    };
    const { runId } = await client.runs.train({ layers: [{ source: "file", values }], waive: [] });
    await eventsOf(client, runId);
    expect((await client.runs.get({ runId })).error).toBeNull();
    const bytes = new Uint8Array(readFileSync(join(home, "snapshots", runId, "train", "weights.f32")));
    expect([...new Float32Array(bytes.buffer)]).toEqual(view.weights);

    const detail = await client.datasets.row(key);
    const data = join(folder, "painted.jsonl");
    if (detail.row.kind !== "conversation") throw new Error("a conversation was expected");
    writeFileSync(data, JSON.stringify({ messages: detail.row.conversation.messages }));
    const flags = ["encode", "--data", data, "--tokenizer", model, "--template", template];
    const { stdout } = await sift(flags);
    expect(JSON.parse(stdout)).toMatchObject({ ids: view.ids, labels: view.labels, weights: view.weights });
  });
});

describe("a database from before paint", () => {
  it("keeps its verdicts and edits, and takes paint", () => {
    const folder = temporaryFolder();
    const file = join(folder, "old.db");
    const old = new Database(file);
    old.exec(SCHEMA_001);
    old.pragma("user_version = 1");
    old.exec(`INSERT INTO datasets (key, name, source, created_at) VALUES (1, 'd', 's', 0);
      INSERT INTO dataset_versions (key, dataset, number, content_hash, row_count, bad_rows, created_at, note)
        VALUES (1, 1, 1, 'h', 1, 0, 0, '');
      INSERT INTO row_history (key, version, row_id, at, action, message_index, value) VALUES (5, 1, 'r', 0, 'edit', 1, 'x');
      INSERT INTO row_history (version, row_id, at, action, message_index, value, undoes) VALUES (1, 'r', 0, 'undo', 1, 'edit', 5);`);
    old.close();
    const db = openDatabase(file);
    expect(db.pragma("user_version", { simple: true })).toBe(SCHEMA_VERSION);
    expect(db.prepare("SELECT key, undoes, spans FROM row_history").all()).toEqual([
      { key: 5, undoes: null, spans: null },
      { key: 6, undoes: 5, spans: null },
    ]);
    db.exec(
      "INSERT INTO row_history (version, row_id, at, action, value, spans) VALUES (1, 'r', 0, 'paint', '', '[]')",
    );
    expect(() => db.exec("UPDATE row_history SET value = 'y'")).toThrow("append-only");
    expect(() =>
      db.exec(
        "INSERT INTO row_history (version, row_id, at, action, value, undoes) VALUES (1, 'r', 0, 'undo', '', 99)",
      ),
    ).toThrow("FOREIGN KEY");
    expect(db.pragma("foreign_key_check")).toEqual([]);
    db.close();
  });
});
