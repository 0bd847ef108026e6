import { describe, expect, it } from "vitest";
import type { RowSummary } from "#shared/contract/datasets.ts";
import { LeastTrained } from "#shared/text/index.ts";
import { orderRows } from "#renderer/views/template/worst-rows.ts";

const labels = (tokens: number, trained: number): { labels: Int32Array } => ({
  labels: Int32Array.from({ length: tokens }, (_, i) => (i > 0 && i <= trained ? 1 : -100)),
});

describe("rows of which the least is trained", () => {
  it("are the same whatever the threads, and no more than are shown", () => {
    const [whole, odd, even, both] = [new LeastTrained(), new LeastTrained(), new LeastTrained(), new LeastTrained()];
    for (let row = 0; row < 3000; row++) {
      const made = labels(10 + (row % 17), (row * 7) % 9);
      whole.add(row, made);
      (row % 2 ? odd : even).add(row, made);
    }
    both.merge(odd.list());
    both.merge(even.list());
    expect(both.list()).toEqual(whole.list());
    expect(whole.list()).toHaveLength(200);
    expect(whole.list()[0]).toEqual({ row: 0, tokens: 10, trained: 0 });
  });

  it("stand behind rows with findings, before longer ones", () => {
    const rows = [10, 20, 30, 40, 50].map((characters, index) => ({ index, characters }) as RowSummary);
    const known = { findings: new Map([[1, ["truncated"]], [3, ["no-scored-token"]]]), shares: new Map([[0, 0.5], [2, 0.1]]) }; // prettier-ignore
    expect(orderRows(rows, "worst", known).map(({ index }) => index)).toEqual([3, 1, 2, 0, 4]);
    expect(orderRows(rows, "longest", known).map(({ index }) => index)).toEqual([4, 3, 2, 1, 0]);
    expect(orderRows(rows, "file", known).map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
  });
});
