import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resourcePath } from "#main/entries.ts";
import { startCore } from "./helpers.ts";

describe.skipIf(!existsSync(resourcePath("sample", "conversations.jsonl")))("the sample project", () => {
  it("opens once, however often and from however many windows it is asked for", async () => {
    const { client } = await startCore();
    const [first, second] = await Promise.all([client.system.sample.open(), client.system.sample.open()]);
    expect(second).toEqual(first);
    expect(await client.system.sample.open()).toEqual(first);
    expect(await client.datasets.list()).toHaveLength(1);
    const { models } = await client.models.list();
    expect(models).toMatchObject([{ source: "sample", path: first.modelPath, problem: null, hasTemplate: true }]);
    const report = await client.text.template({ settings: { modelPath: first.modelPath, template: { kind: "own" } } });
    expect(report).toMatchObject({ error: null, departure: null });
  });
});
