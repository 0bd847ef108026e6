import { describe, expect, it } from "vitest";
import type { SavedTemplate, TemplateInfo } from "#shared/contract/text.ts";
import { offsetOf } from "#renderer/editor/position.ts";
import { choiceOf, sourceValue } from "#renderer/views/template/draft.ts";

const preset: TemplateInfo = {
  choice: { kind: "preset", name: "chatml-human" },
  name: "chatml-human",
  source: "…",
  hash: "h",
  editable: false,
  defaultMask: "structural",
  masks: ["assistant", "structural"],
  tagged: false,
};
const saved: SavedTemplate = { id: "t1", name: "mine", source: "{{ messages }}", hash: "h", version: 1, updatedAt: 0 };

describe("the source select", () => {
  it("names every choice and leads back to it", () => {
    for (const choice of [
      { kind: "own" } as const,
      { kind: "preset", name: "chatml-human" } as const,
      { kind: "text", source: saved.source, name: "mine" } as const,
    ]) {
      expect(choiceOf(sourceValue(choice, [saved]), [preset], [saved])).toEqual(choice);
    }
  });

  it("calls a text that is not saved an edited one", () => {
    const value = sourceValue({ kind: "text", source: "{{ x }}" }, [saved]);
    expect(value).toBe("edited");
    expect(choiceOf(value, [preset], [saved])).toBeUndefined();
  });
});

describe("offsetOf", () => {
  const text = "ab\ncdef\n";
  it.each([
    [1, 1, 0],
    [1, 3, 2],
    [2, 2, 4],
    [2, 99, 7],
    [3, 1, 8],
    [99, 1, 8],
    [2, undefined, 3],
  ])("line %s, column %s is at %s", (line, column, offset) => {
    expect(offsetOf(text, line, column)).toBe(offset);
  });

  it("knows no place without a line", () => {
    expect(offsetOf(text, undefined, 3)).toBeUndefined();
    expect(offsetOf(text, 0, 3)).toBeUndefined();
  });
});
