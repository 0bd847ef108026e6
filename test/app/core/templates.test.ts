import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { templateOfRun } from "#main/core/text/templates.ts";
import { startCore, temporaryFolder } from "./helpers.ts";

describe("saved templates", () => {
  test("keep every text of their name, numbered, with hash and date", async () => {
    let now = 1000;
    const { client } = await startCore({ clock: () => now++ });
    const first = await client.text.save({ name: "mine", source: "{{ 1 }}" });
    expect(first).toMatchObject({ name: "mine", version: 1 });
    expect(await client.text.save({ name: " mine ", source: "{{ 1 }}" })).toMatchObject({ id: first.id, version: 1 });
    expect(await client.text.save({ name: "mine", source: "{{ 2 }}" })).toMatchObject({ id: first.id, version: 2 });
    const restored = await client.templates.restore({ templateId: first.id, number: 1 });
    expect(restored).toMatchObject({ number: 3, source: "{{ 1 }}", hash: first.hash });
    const versions = await client.templates.versions({ templateId: first.id });
    expect(versions.map(({ number, source }) => [number, source])).toEqual([
      [3, "{{ 1 }}"],
      [2, "{{ 2 }}"],
      [1, "{{ 1 }}"],
    ]);
    expect(versions[0]?.savedAt).toBeGreaterThan(versions[1]?.savedAt ?? Infinity);
    expect(await client.text.saved({})).toMatchObject([{ version: 3, source: "{{ 1 }}" }]);
    await client.text.removeSaved({ templateId: first.id });
    await expect(client.templates.versions({ templateId: first.id })).rejects.toMatchObject({
      data: { code: "not-found" },
    });
    expect(await client.text.save({ name: "mine", source: "{{ 9 }}" })).toMatchObject({ version: 1 });
  });

  test("a version that is not there cannot be restored", async () => {
    const { client } = await startCore();
    const { id: templateId } = await client.text.save({ name: "a", source: "a" });
    await expect(client.templates.restore({ templateId, number: 2 })).rejects.toMatchObject({
      data: { code: "not-found" },
    });
  });
});

describe("the template of a run", () => {
  test("is the text that it pinned, whatever the settings would mean today", () => {
    const serving = {
      source: "{{ pinned }}",
      name: "own",
      hash: "h",
      defaultSystem: null,
      stopIds: [],
      endOfTurn: null,
    };
    const encodeSettings = { modelPath: "/gone", template: { kind: "text" as const, source: "{{ other }}" } };
    expect(templateOfRun({ serving, encodeSettings })).toMatchObject({ name: "own", source: "{{ pinned }}" });
    expect(templateOfRun({ serving: null, encodeSettings })).toMatchObject({ source: "{{ other }}" });
    expect(() => templateOfRun({ serving: null, encodeSettings: null })).toThrow("tokenised");
  });
});

describe("a Jinja file", () => {
  test("is read as it is, and refused where it is no text", async () => {
    const { client } = await startCore();
    const folder = temporaryFolder();
    writeFileSync(join(folder, "my chat.jinja"), "{{ messages }}\r\n中");
    const opened = await client.templates.open({ path: join(folder, "my chat.jinja") });
    expect(opened).toMatchObject({ name: "my chat", source: "{{ messages }}\r\n中" });
    expect((await client.system.files.list({ path: folder, show: "templates" })).entries).toHaveLength(1);
    writeFileSync(join(folder, "bytes.jinja"), Buffer.from([0xff, 0xfe, 0x00]));
    writeFileSync(join(folder, "large.jinja"), "x".repeat(2 << 20));
    for (const name of ["bytes.jinja", "large.jinja", "none.jinja"]) {
      await expect(client.templates.open({ path: join(folder, name) })).rejects.toMatchObject({
        data: { code: "template-file" },
      });
    }
  });
});
