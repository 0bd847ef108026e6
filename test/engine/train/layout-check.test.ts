import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { WORKER_PROTOCOL } from "#shared/worker/protocol.ts";
import { repositoryRoot } from "../../shared.ts";
import { temporaryFolder, WorkerProcess, writeSnapshot, type TokenRow } from "./harness.ts";

const modelDir = join(repositoryRoot, "resources", "sample", "model");
const row = (length: number, from = 2): TokenRow => {
  const input_ids = Array.from({ length }, (_, i) => 10 + ((i * length) % 50));
  return { input_ids, labels: input_ids.map((id, i) => (i < from ? -100 : id)) };
};

async function losses(rows: readonly TokenRow[], packs: number[][]) {
  const worker = new WorkerProcess();
  const snapshot = writeSnapshot(join(temporaryFolder(), "rows"), rows);
  const protocol = WORKER_PROTOCOL;
  worker.send({ type: "job", job: { kind: "layout", protocol, modelDir, snapshot, packs, threads: 1 } });
  expect(await worker.exit()).toBe(0);
  return worker.events.filter((event) => event.type === "pack-losses");
}

describe("a layout job", () => {
  test("a pack has the loss of its rows, one at a time", async () => {
    const found = await losses([row(5), row(9), row(14), row(30), row(3, 3)], [[0, 1, 2], [3, 4]]); // prettier-ignore
    expect(found.map(({ pack, weightSum }) => [pack, weightSum])).toEqual([[0, 22], [1, 28]]); // prettier-ignore
    for (const { packed, separate } of found) {
      expect(packed).toBeGreaterThan(0);
      expect(Math.abs(packed - separate) / separate).toBeLessThan(1e-5);
    }
  });

  test("the same tokens as one document have another loss: the check would see it", async () => {
    const [a, b] = [row(9), row(14)];
    const joined: TokenRow = {
      input_ids: [...a.input_ids, ...b.input_ids],
      labels: [...a.labels, ...b.labels],
    };
    const [apart, whole] = await losses([a, b, joined], [[0, 1], [2]]);
    expect(Math.abs((apart?.packed ?? 0) - (whole?.packed ?? 0)) / (apart?.packed ?? 1)).toBeGreaterThan(1e-3);
  });
});
