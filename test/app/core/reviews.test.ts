import { isDefinedError, safe } from "@orpc/server";
import { describe, expect, it } from "vitest";
import { chatLine, importText, startCore } from "./helpers.ts";

async function threeRows() {
  const started = await startCore();
  const text = [1, 2, 3].map((n) => chatLine(["user", `q${n}`], ["assistant", `a${n}`])).join("\n");
  const dataset = await importText(started.client, text);
  const versionId = dataset.version.id;
  const { rows } = await started.client.datasets.rows({ versionId, offset: 0, limit: 10 });
  const key = (index: number) => ({ versionId, rowId: rows[index]?.id ?? "" });
  return { ...started, versionId, datasetId: dataset.id, key };
}

describe("review", () => {
  it("edits a turn, rejects a turn, and takes both back one by one", async () => {
    const { client, key } = await threeRows();
    await client.datasets.editMessage({ ...key(0), messageIndex: 1, content: "better" });
    const rejected = await client.datasets.setVerdict({ ...key(0), verdict: "rejected", messageIndex: 1 });
    expect(rejected.turnVerdicts).toEqual(["none", "rejected"]);
    expect(rejected.row).toMatchObject({
      conversation: { messages: [{ content: "q1" }, { content: "better", weight: 0 }] },
    });
    expect(rejected.original).toMatchObject({ conversation: { messages: [{}, { content: "a1" }] } });
    const once = await client.datasets.undo(key(0));
    expect(once.turnVerdicts).toEqual(["none", "none"]);
    expect(once.editedMessages).toEqual([1]);
    const twice = await client.datasets.undo(key(0));
    expect(twice.row).toEqual(twice.original);
    expect(twice.canUndo).toBe(false);
    expect(twice.history.map((entry) => entry.what)).toEqual(["edited", "rejected", "undone", "undone"]);
  });

  it("counts and filters by verdict", async () => {
    const { client, key, versionId, datasetId } = await threeRows();
    await client.datasets.setVerdict({ ...key(1), verdict: "rejected" });
    await client.datasets.setVerdict({ ...key(2), verdict: "accepted" });
    await client.datasets.setVerdict({ ...key(2), verdict: "rejected" });
    const { rows, total } = await client.datasets.rows({ versionId, offset: 0, limit: 10, verdict: "rejected" });
    expect([total, rows.map((row) => row.index)]).toEqual([2, [1, 2]]);
    expect(await client.datasets.get({ datasetId })).toMatchObject({ accepted: 0, rejected: 2, edited: 0 });
    await client.datasets.undo(key(2));
    expect(await client.datasets.get({ datasetId })).toMatchObject({ accepted: 1, rejected: 1 });
  });

  it("answers a wrong turn with the contract's error", async () => {
    const { client, key } = await threeRows();
    const [error] = await safe(client.datasets.editMessage({ ...key(0), messageIndex: 7, content: "x" }));
    expect(error && isDefinedError(error) && error.data).toMatchObject({ code: "no-such-turn", where: { row: 0 } });
    const [missing] = await safe(client.datasets.row({ ...key(0), rowId: "nope" }));
    expect(missing && isDefinedError(missing) && missing.data.code).toBe("not-found");
  });

  it("keeps verdicts when core starts again", async () => {
    const { client, core, home, key } = await threeRows();
    await client.datasets.setVerdict({ ...key(0), verdict: "accepted" });
    await core.close();
    const again = await startCore({ home });
    expect((await again.client.datasets.row(key(0))).verdict).toBe("accepted");
  });
});
