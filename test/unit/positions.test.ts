import { describe, expect, it } from "vitest";
import { PackedPositions, unpackPositions } from "#main/core/store/positions.ts";

describe("packed positions", () => {
  it.each([[[]], [[0]], [[5]], [[0, 1, 2, 3]], [[127, 128, 129, 16_511, 16_512, 2_000_000, 900_000_000]]])(
    "come back as they were: %j",
    (positions: number[]) => {
      const packed = new PackedPositions();
      for (const position of positions) packed.add(position);
      expect(unpackPositions(packed.bytes())).toEqual(positions);
    },
  );

  it("take a byte a row where every row is in, and a row twice only once", () => {
    const packed = new PackedPositions();
    for (let i = 0; i < 200_000; i++) packed.add(i >> 1);
    expect(packed.bytes()).toHaveLength(100_000);
    expect(unpackPositions(packed.bytes()).at(-1)).toBe(99_999);
  });
});
