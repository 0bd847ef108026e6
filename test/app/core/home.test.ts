import Database from "better-sqlite3";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SCHEMA_VERSION } from "#main/core/store/database.ts";
import { Store } from "#main/core/store/index.ts";
import { processStartTime } from "#main/core/system/lock.ts";
import { startCore, temporaryFolder } from "./helpers.ts";

describe("data home", () => {
  it("refuses a second core while the first lives, and lets one in afterwards", async () => {
    const { core, home } = await startCore();
    await expect(startCore({ home })).rejects.toMatchObject({ code: "home-in-use" });
    await core.close();
    await startCore({ home });
  });

  it("takes over the lock of a process that is gone, and of another that has its number", async () => {
    const home = temporaryFolder();
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    writeFileSync(join(home, "core.lock"), JSON.stringify({ pid: gone, startTime: "1", token: "a" }));
    const first = await startCore({ home });
    await first.core.close();
    writeFileSync(join(home, "core.lock"), JSON.stringify({ pid: process.pid, startTime: "1", token: "a" }));
    await startCore({ home });
    const lock: unknown = JSON.parse(readFileSync(join(home, "core.lock"), "utf8"));
    expect(lock).toMatchObject({ pid: process.pid, startTime: processStartTime(process.pid) });
  });

  it("refuses a newer database by name and leaves it as it is", async () => {
    const home = temporaryFolder();
    const file = join(home, "sift.db");
    new Store(file).close();
    const db = new Database(file);
    db.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    await expect(startCore({ home })).rejects.toMatchObject({ code: "database-newer", where: { file } });
  });

  it("uses WAL and foreign keys, and keeps history append-only", () => {
    const file = join(temporaryFolder(), "sift.db");
    const store = new Store(file);
    store.close();
    const db = new Database(file);
    expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
    db.exec("INSERT INTO datasets (name, source, created_at) VALUES ('a', 'b', 1)");
    db.exec(`INSERT INTO dataset_versions (dataset, number, content_hash, row_count, bad_rows, created_at, note)
             VALUES (1, 1, '', 0, 0, 1, '')`);
    db.exec("INSERT INTO row_history (version, row_id, at, action, value) VALUES (1, 'x', 1, 'verdict', 'accepted')");
    expect(() => db.exec("UPDATE row_history SET value = 'rejected'")).toThrow(/append-only/);
    db.close();
  });
});

describe("system", () => {
  it("takes a dropped file in chunks and refuses names that lead elsewhere", async () => {
    const { client } = await startCore();
    const { uploadId } = await client.system.files.uploadBegin({ name: "对话 1.jsonl", bytes: 5 });
    const send = (offset: number, text: string) =>
      client.system.files.uploadChunk({ uploadId, offset, base64: Buffer.from(text).toString("base64") });
    await send(0, "ab");
    await expect(send(3, "x")).rejects.toMatchObject({ data: { code: "upload-chunk" } });
    await expect(client.system.files.uploadFinish({ uploadId })).rejects.toMatchObject({
      data: { code: "upload-incomplete" },
    });
    await send(2, "cde");
    const { path } = await client.system.files.uploadFinish({ uploadId });
    expect(readFileSync(path, "utf8")).toBe("abcde");
    await expect(client.system.files.uploadBegin({ name: "../x", bytes: 1 })).rejects.toMatchObject({
      data: { code: "upload-name" },
    });
  });

  it("lists folders and data files, and remembers settings", async () => {
    const { client, home } = await startCore();
    writeFileSync(join(home, "rows.jsonl"), "");
    writeFileSync(join(home, "other.txt"), "");
    const { entries, parent } = await client.system.files.list({ path: home, show: "data" });
    expect(entries.map((entry) => entry.name)).toEqual(["runs", "snapshots", "uploads", "rows.jsonl"]);
    expect(parent).not.toBeNull();
    await expect(client.system.files.list({ path: join(home, "none"), show: "folders" })).rejects.toMatchObject({
      data: { code: "folder-unreadable" },
    });
    expect(await client.system.settings.put({ theme: "dark" })).toMatchObject({ theme: "dark", language: "system" });
    expect(await client.system.settings.get()).toMatchObject({ theme: "dark" });
    expect((await client.system.info()).device.cores).toBeGreaterThan(0);
  });
});
