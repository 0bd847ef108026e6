import { describe, expect, it } from "vitest";
import { IGNORE, LengthCounter, lengthOutcome, packRows } from "#shared/text/index.ts";

/** Rows of given lengths, every third token supervised. */
const rows = (lengths: readonly number[]) =>
  lengths.map((length) => ({
    ids: Int32Array.from({ length }, (_, i) => i),
    labels: Int32Array.from({ length }, (_, i) => (i % 3 === 0 ? i : IGNORE)),
  }));
const lengths = Array.from({ length: 500 }, (_, i) => 5 + ((i * 7919) % 700));

describe("a length profile", () => {
  const all = rows(lengths);
  const counter = new LengthCounter();
  const halves = [new LengthCounter(), new LengthCounter()];
  all.forEach((row, i) => {
    counter.add(row);
    halves[i % 2]?.add(row);
  });

  it.each([16, 64, 256, 512, 4096])("answers a limit of %i as cutting every row does", (limit) => {
    const outcome = lengthOutcome(counter.profile(), limit);
    expect(outcome.rowsCut).toBe(lengths.filter((length) => length > limit).length);
    expect(outcome.tokensLost).toBe(lengths.reduce((sum, length) => sum + Math.max(0, length - limit), 0));
    const lost = all.flatMap(({ labels }) => [...labels.slice(limit)]).filter((label) => label !== IGNORE).length;
    expect(outcome.supervisedLost).toBe(lost);
  });

  it("estimates the packs of the packer within two in a hundred", () => {
    for (const limit of [256, 512, 1024]) {
      const cut = lengths.map((length) => Math.min(length, limit));
      const packs = packRows(cut, { maxLength: limit }).length;
      const { packs: estimate } = lengthOutcome(counter.profile(), limit);
      expect(Math.abs(estimate - packs) / packs).toBeLessThan(0.02 + 1 / packs);
    }
  });

  it("is the same from several threads", () => {
    const merged = new LengthCounter();
    for (const half of halves) merged.merge(half.profile());
    expect(merged.profile()).toEqual(counter.profile());
  });
});
