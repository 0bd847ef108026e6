import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../../shared.ts";
import { chatLine, finishedJob, importFile, importText, startCore, temporaryFolder } from "./helpers.ts";

const belle = sharedPath("datasets", "belle_267.jsonl");

describe("import", () => {
  it("keeps rows that cannot be read, with line, reason and raw text", async () => {
    const { client } = await startCore();
    const text = [chatLine(["user", "hi"], ["assistant", "hello"]), "{not json", "", '{"what":1}'].join("\n");
    const dataset = await importText(client, text);
    expect(dataset.version).toMatchObject({ number: 1, rows: 1, badRows: 2 });
    const bad = await client.datasets.badRows({ versionId: dataset.version.id, offset: 0, limit: 10 });
    expect(bad.total).toBe(2);
    expect(bad.rows.map((row) => [row.line, row.raw])).toEqual([
      [2, "{not json"],
      [4, '{"what":1}'],
    ]);
    expect(bad.rows.every((row) => row.reason !== "")).toBe(true);
  });

  it("gives equal rows in different files the same content hash, and each row an identity", async () => {
    const { client } = await startCore();
    const text = [1, 2, 1].map((n) => chatLine(["user", `q${n}`], ["assistant", "a"])).join("\n");
    const first = await importText(client, text);
    const second = await importText(client, `${text}\n`, "数据 二.jsonl");
    expect(second.version.contentHash).toBe(first.version.contentHash);
    const rowsOf = async (versionId: string) => (await client.datasets.rows({ versionId, offset: 0, limit: 9 })).rows;
    const rows = await rowsOf(first.version.id);
    expect(new Set(rows.map((row) => row.id)).size).toBe(3);
    expect(rows.map((row) => row.id)).toEqual((await rowsOf(second.version.id)).map((row) => row.id));
    expect(rows.map((row) => row.title)).toEqual(["q1", "q2", "q1"]);
  });

  it("leaves nothing of a cancelled import", async () => {
    const { client, core } = await startCore();
    const line = chatLine(["user", "x".repeat(400)], ["assistant", "y"]);
    const file = join(temporaryFolder(), "big.jsonl");
    writeFileSync(file, Array.from({ length: 20_000 }, (_, i) => line.replace("xx", String(i))).join("\n"));
    const { jobId } = await client.datasets.import({ files: [file], name: "big" });
    for await (const job of await client.system.jobs.watch({ jobId })) if (job.rows > 1000) break;
    expect((await client.system.jobs.cancel({ jobId })).state).toBe("cancelled");
    await core.services.datasets.sweep();
    expect(await client.datasets.list()).toEqual([]);
    expect(core.services.store.imports.hidden(new Set())).toEqual([]);
  });

  it("names what cannot be imported", async () => {
    const { client } = await startCore();
    const failure = async (file: string) => {
      const { jobId } = await client.datasets.import({ files: [file], name: "x" });
      return (await finishedJob(client, jobId)).error?.code;
    };
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.zip"), Buffer.from([80, 75, 3, 4, 0, 0, 0]));
    writeFileSync(join(folder, "empty.jsonl"), "\n\n");
    expect(await failure(join(folder, "gone.jsonl"))).toBe("file-unreadable");
    expect(await failure(join(folder, "a.zip"))).toBe("file-not-text");
    expect(await failure(join(folder, "empty.jsonl"))).toBe("import-empty");
    expect(await client.datasets.list()).toEqual([]);
  });

  it.skipIf(belle === undefined)("reads belle_267", async () => {
    const { client } = await startCore();
    const dataset = await importFile(client, belle ?? "");
    expect(dataset.version).toMatchObject({ rows: 267, badRows: 0 });
    const found = await client.datasets.rows({
      versionId: dataset.version.id,
      offset: 0,
      limit: 5,
      search: "智能手机",
    });
    expect(found.total).toBeGreaterThan(0);
    expect(found.rows[0]?.index).toBe(0);
  });
});

describe("import of files that are not what they seem", () => {
  it("keeps a row with bytes that are not UTF-8 as a bad row, instead of changing it", async () => {
    const { client } = await startCore();
    const file = join(temporaryFolder(), "latin1.jsonl");
    const good = chatLine(["user", "café \ufffd"], ["assistant", "ok"]);
    const latin = Buffer.from(chatLine(["user", "caf\u00e9"], ["assistant", "ok"]), "latin1");
    writeFileSync(file, Buffer.concat([Buffer.from(`${chatLine(["user", "a"], ["assistant", "b"])}\n`), latin]));
    const dataset = await importFile(client, file);
    expect(dataset.version).toMatchObject({ rows: 1, badRows: 1 });
    const bad = await client.datasets.badRows({ versionId: dataset.version.id, offset: 0, limit: 1 });
    expect(bad.rows[0]).toMatchObject({ line: 2, code: "row-not-utf8" });
    expect((await importText(client, good)).version).toMatchObject({ rows: 1, badRows: 0 });
  });

  it("takes rows of the shape that was asked for only", async () => {
    const { client } = await startCore();
    const file = join(temporaryFolder(), "mixed.jsonl");
    const alpaca = JSON.stringify({ instruction: "i", output: "o" });
    writeFileSync(file, `${alpaca}\n${chatLine(["user", "a"], ["assistant", "b"])}`);
    const { jobId } = await client.datasets.import({ files: [file], name: "mixed", format: "alpaca", limit: 5 });
    const job = await finishedJob(client, jobId);
    expect(job).toMatchObject({ state: "done", rows: 1, badRows: 1 });
    const odd = await client.datasets.import({ files: [file], name: "odd", format: "xml" });
    expect((await finishedJob(client, odd.jobId)).error?.code).toBe("import-format");
  });

  it.each([
    ["empty conversation", '{"messages":[]}', "row-empty"],
    ["not JSON", "{", "row-not-json"],
    ["an unknown shape", '{"a":1}', "row-shape"],
  ])("says what is wrong with a row: %s", async (_, line, code) => {
    const { client } = await startCore();
    const { version } = await importText(client, `${chatLine(["user", "a"], ["assistant", "b"])}\n${line}`);
    const { rows } = await client.datasets.badRows({ versionId: version.id, offset: 0, limit: 1 });
    expect(rows[0]).toMatchObject({ line: 2, code, raw: line });
  });
});
