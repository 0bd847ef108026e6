import { expect, test } from "vitest";
import { placed } from "#renderer/views/template/proof/packs.ts";

test("rows of a pack stand end to end, and each says where", () => {
  const rows = [5, 1, 9].map((tokens, index) => ({ index, tokens, supervised: 1 }));
  expect(placed({ tokens: 15, rows }).map(({ from, to }) => [from, to])).toEqual([
    [0, 4],
    [5, 5],
    [6, 14],
  ]);
  expect(placed({ tokens: 0, rows: [] })).toEqual([]);
});
