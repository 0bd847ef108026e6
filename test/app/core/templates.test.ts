import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { templateOfRun } from "#main/core/text/templates.ts";
import { CHATML_HUMAN_FORM, formTwin } from "#shared/text/index.ts";
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

describe("a saved form", () => {
  const change = { ...CHATML_HUMAN_FORM, bos: "bos_token" };

  test("keeps its versions, each with its Jinja twin", async () => {
    const { client } = await startCore();
    const first = await client.text.save({ name: "turns", form: CHATML_HUMAN_FORM });
    expect(first).toMatchObject({ name: "turns", version: 1, form: { ...CHATML_HUMAN_FORM, name: "turns" } });
    expect(first.source).toBe(formTwin({ ...CHATML_HUMAN_FORM, name: "turns" }, CHATML_HUMAN_FORM.default_system));
    expect(await client.text.save({ name: "turns", form: CHATML_HUMAN_FORM })).toMatchObject({ version: 1 });
    const second = await client.text.save({ name: "turns", form: change });
    expect(second).toMatchObject({ id: first.id, version: 2, form: { bos: "bos_token" } });
    const key = { templateId: first.id, number: 1 };
    expect(await client.templates.restore(key)).toMatchObject({ number: 3, form: first.form, hash: first.hash });
    const versions = await client.templates.versions({ templateId: first.id });
    expect(versions.map(({ form }) => form?.bos)).toEqual(["", "bos_token", ""]);
  });

  test("that trains other parts is another version, though its twin is the same", async () => {
    const { client } = await startCore();
    const { user, assistant } = CHATML_HUMAN_FORM.roles;
    const first = await client.text.save({ name: "turns", form: CHATML_HUMAN_FORM });
    const roles = { ...CHATML_HUMAN_FORM.roles, user: { ...user, train: [] }, assistant };
    const second = await client.text.save({ name: "turns", form: { ...CHATML_HUMAN_FORM, roles } });
    expect([second.version, second.source]).toEqual([2, first.source]);
  });

  test("and a text may follow each other under one name", async () => {
    const { client } = await startCore();
    await client.text.save({ name: "turns", form: CHATML_HUMAN_FORM });
    const text = await client.text.save({ name: "turns", source: "{{ 1 }}" });
    expect(text).toMatchObject({ version: 2, source: "{{ 1 }}" });
    expect(text.form).toBeUndefined();
  });

  test("is opened from a file", async () => {
    const { client } = await startCore();
    const folder = temporaryFolder();
    writeFileSync(join(folder, "turns.form.json"), JSON.stringify(CHATML_HUMAN_FORM));
    const opened = await client.templates.open({ path: join(folder, "turns.form.json") });
    expect(opened).toMatchObject({ name: "chatml-human", form: CHATML_HUMAN_FORM });
    expect((await client.system.files.list({ path: folder, show: "templates" })).entries).toHaveLength(1);
    writeFileSync(join(folder, "other.json"), "{}");
    await expect(client.templates.open({ path: join(folder, "other.json") })).rejects.toMatchObject({
      data: { code: "template-form" },
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
