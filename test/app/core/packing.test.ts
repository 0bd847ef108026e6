import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { repositoryRoot } from "../../shared.ts";
import { chatLine, importText, startCore } from "./helpers.ts";

const settings: EncodeSettings = {
  modelPath: join(repositoryRoot, "resources", "sample", "model"),
  template: { kind: "own" },
};
const ROWS = [
  ...Array.from({ length: 12 }, (_, i) =>
    chatLine(["user", `Question ${i}`], ["assistant", `Answer ${i}. `.repeat(1 + i)]),
  ),
  chatLine(["user", "nobody answers"]),
];

async function opened() {
  const { client, home } = await startCore();
  const { version } = await importText(client, ROWS.join("\n"));
  return { client, home, versionId: version.id };
}

describe("packs of a version", () => {
  it("hold whole rows, each once, none beyond the maximum, and leave out what trains nothing", async () => {
    const { client, versionId } = await opened();
    const { packs, ...facts } = await client.packing.packs({ versionId, settings, maxLength: 512 });
    expect(facts).toEqual({ maxLength: 512, rowsRead: 13, rowsCut: 0, rowsLeftOut: 1 });
    const rows = packs.flatMap((pack) => pack.rows);
    expect(rows.map(({ index }) => index).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    for (const pack of packs) {
      expect(pack.tokens).toBe(pack.rows.reduce((sum, { tokens }) => sum + tokens, 0));
      expect(pack.tokens).toBeLessThanOrEqual(512);
    }
    for (const { supervised, tokens } of rows) {
      expect(supervised).toBeGreaterThan(0);
      expect(supervised).toBeLessThan(tokens);
    }
  });

  it("counts rows that a short maximum cuts", async () => {
    const { client, versionId } = await opened();
    const { packs, rowsCut } = await client.packing.packs({ versionId, settings, maxLength: 32 });
    expect(rowsCut).toBeGreaterThan(0);
    expect(Math.max(...packs.map(({ tokens }) => tokens))).toBe(32);
  });

  it("have the losses of their rows alone, and leave no files behind", async () => {
    const { client, home, versionId } = await opened();
    const result = await client.packing.compare({ versionId, settings, maxLength: 512 });
    expect(result).toMatchObject({ equal: true });
    expect(result.rows).toBeGreaterThan(1);
    expect(result.packed).toBeGreaterThan(0);
    expect(readdirSync(join(home, "cache")).filter((name) => name.startsWith("layout-"))).toEqual([]);
  });

  it("ends with its caller, and keeps nothing of it", async () => {
    const { client, home, versionId } = await opened();
    const abort = new AbortController();
    const under = client.packing.compare({ versionId, settings, maxLength: 512 }, { signal: abort.signal });
    const timer = setTimeout(() => abort.abort(), 300);
    await expect(under).rejects.toThrow();
    clearTimeout(timer);
    expect(readdirSync(join(home, "cache")).filter((name) => name.startsWith("layout-"))).toEqual([]);
  });

  it("cannot be compared where each holds one row, and says so", async () => {
    const { client, versionId } = await opened();
    await expect(client.packing.compare({ versionId, settings, maxLength: 20 })).rejects.toMatchObject({
      data: { code: "layout-single" },
    });
  });
});
