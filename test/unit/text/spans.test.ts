import { describe, expect, test } from "vitest";
import { moveSpans, normalSpans, paintSpans } from "#shared/text/spans.ts";
import type { WeightSpan } from "#shared/text/types.ts";

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
const weightsOf = (spans: readonly WeightSpan[], length: number): number[] =>
  Array.from({ length }, (_, at) => spans.findLast(({ start, end }) => start <= at && at < end)?.weight ?? 1);

const text = "The quick brown fox";
const quick: WeightSpan = { start: 4, end: 9, weight: 2 };
const painted = (after: string): string[] =>
  moveSpans(text, after, [quick]).map(({ start, end }) => after.slice(start, end));

describe("painting", () => {
  test("later paint wins, weight 1 takes it off", () => {
    expect(paintSpans(text, [quick], { start: 6, end: 12, weight: 0 })).toEqual([
      { start: 4, end: 6, weight: 2 },
      { start: 6, end: 12, weight: 0 },
    ]);
    expect(paintSpans(text, [quick], { start: 0, end: text.length, weight: 1 })).toEqual([]);
  });

  test("a surrogate pair is painted as a whole", () => {
    expect(paintSpans("a😀b", [], { start: 2, end: 4, weight: 0 })).toEqual([{ start: 1, end: 4, weight: 0 }]);
    expect(paintSpans("a😀b", [], { start: 1, end: 2, weight: 0 })).toEqual([{ start: 1, end: 3, weight: 0 }]);
  });

  test("normal spans give every character the weight that it had", () => {
    const next = random(7);
    for (let round = 0; round < 300; round++) {
      const length = next(20);
      const spans = Array.from({ length: next(6) }, () => {
        const start = next(length + 1);
        return { start, end: start + next(length - start + 1), weight: [0, 0.5, 1, 2][next(4)] ?? 1 };
      });
      const normal = normalSpans(spans, length);
      expect(weightsOf(normal, length)).toEqual(weightsOf(spans, length));
      normal.slice(1).forEach((span, i) => expect(span.start).toBeGreaterThanOrEqual(normal[i]?.end ?? 0));
      expect(normalSpans(normal, length)).toEqual(normal);
    }
  });
});

describe("spans follow the text", () => {
  test.each([
    ["text in front shifts it", "Oh! The quick brown fox", ["quick"]],
    ["text behind leaves it", "The quick brown fox jumps", ["quick"]],
    ["text typed inside belongs to it", "The quiXXck brown fox", ["quiXXck"]],
    ["text typed at its edges does not", "The XXquick brown fox", ["quick"]],
    ["deleting a part shrinks it", "The qck brown fox", ["qck"]],
    ["deleting over its edge shrinks it", "Thick brown fox", ["ick"]],
    ["deleting it takes it away", "The  brown fox", []],
    ["a replaced word stays painted", "The 777 brown fox", ["777"]],
  ])("%s", (_, after, expected) => expect(painted(after)).toEqual(expected));

  test("two edits at once", () => {
    const before = "one two three four five";
    const spans = [{ start: 8, end: 13, weight: 0 }];
    const after = "zero one two thrXXee four";
    expect(moveSpans(before, after, spans).map(({ start, end }) => after.slice(start, end))).toEqual(["thrXXee"]);
  });

  test("every surviving character of unique text keeps its weight", () => {
    const next = random(11);
    for (let round = 0; round < 400; round++) {
      // characters that each stand once, so that it is known which survived
      const before = String.fromCharCode(...Array.from({ length: 30 }, (_, i) => 0x4e00 + i));
      const spans = normalSpans(
        Array.from({ length: 3 }, () => {
          const start = next(30);
          return { start, end: start + 1 + next(30 - start), weight: [0, 0.5, 2][next(3)] ?? 0 };
        }),
        before.length,
      );
      let after = before;
      for (let edit = 0; edit <= next(3); edit++) {
        const at = next(after.length + 1);
        const end = Math.min(after.length, at + next(5));
        after = after.slice(0, at) + "x".repeat(next(4)) + after.slice(end);
      }
      const was = weightsOf(spans, before.length);
      const is = weightsOf(moveSpans(before, after, spans), after.length);
      [...after].forEach((character, at) => {
        const from = before.indexOf(character);
        if (from >= 0) expect(is[at]).toBe(was[from]);
      });
    }
  });

  test("editing back gives unbroken paint its place again", () => {
    const there = moveSpans(text, "Oh, the very quick fox", [quick]);
    expect(there).toHaveLength(1);
    expect(moveSpans("Oh, the very quick fox", text, there)).toEqual([quick]);
  });
});
