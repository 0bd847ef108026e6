import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { repositoryRoot } from "../../shared.ts";
import { chatLine, finishedJob, importText, startCore, type CoreClient } from "./helpers.ts";

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

async function prove(client: CoreClient, versionId: string, under: EncodeSettings): Promise<string> {
  const { jobId } = await client.text.prove({ versionId, settings: under });
  return (await finishedJob(client, jobId)).resultId ?? "";
}

describe("packs of a version", () => {
  it("hold whole rows, each once, none beyond the maximum, and leave out what trains nothing", async () => {
    const { client, versionId } = await opened();
    const proofId = await prove(client, versionId, { ...settings, maxLength: 512 });
    const summary = await client.packing.summary({ proofId, maxLength: 512 });
    expect(summary).toMatchObject({ maxLength: 512, rowsRead: 13, rowsCut: 0, rowsLeftOut: 1 });
    const packs = await client.packing.packs({ proofId, maxLength: 512, offset: 0, limit: 100 });
    expect(packs).toHaveLength(summary.packs);
    expect(summary.fill.reduce((sum, each) => sum + each, 0)).toBe(summary.packs);
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
    const proof = await client.text.proofResult({ proofId });
    expect(rows.reduce((sum, { supervised }) => sum + supervised, 0)).toBe(proof.supervisedTokens);
  });

  it("counts rows that a short maximum cuts", async () => {
    const { client, versionId } = await opened();
    const short = { ...settings, maxLength: 32, overLength: "truncate" as const };
    const proofId = await prove(client, versionId, short);
    const { rowsCut } = await client.packing.summary({ proofId, maxLength: 32 });
    expect(rowsCut).toBeGreaterThan(0);
    const packs = await client.packing.packs({ proofId, maxLength: 32, offset: 0, limit: 100 });
    expect(Math.max(...packs.map(({ tokens }) => tokens))).toBe(32);
  });

  it("can be paged through to the last of thousands of rows", async () => {
    const { client } = await startCore();
    const rows = Array.from({ length: 3000 }, (_, i) => chatLine(["user", `q ${i}`], ["assistant", `a ${i}`]));
    const { version } = await importText(client, rows.join("\n"));
    const proofId = await prove(client, version.id, { ...settings, maxLength: 64 });
    const { packs: total } = await client.packing.summary({ proofId, maxLength: 64 });
    const seen = new Set<number>();
    for (let offset = 0; offset < total; offset += 500) {
      const page = await client.packing.packs({ proofId, maxLength: 64, offset, limit: 500 });
      for (const { index } of page.flatMap((pack) => pack.rows)) seen.add(index);
    }
    expect(seen.size).toBe(3000);
  });

  it("are of the newest proofs only, and say so", async () => {
    const { client, versionId } = await opened();
    const first = await prove(client, versionId, { ...settings, maxLength: 100 });
    for (let i = 1; i <= 8; i++) await prove(client, versionId, { ...settings, maxLength: 100 + i });
    await expect(client.packing.summary({ proofId: first, maxLength: 100 })).rejects.toMatchObject({
      data: { code: "packs-unknown" },
    });
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
