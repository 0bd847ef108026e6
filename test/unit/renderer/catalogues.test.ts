import { describe, expect, it } from "vitest";
import { en } from "#renderer/i18n/en.ts";
import { zh } from "#renderer/i18n/zh.ts";

type Entry = readonly [path: string, message: unknown];

function entries(node: unknown, path = ""): Entry[] {
  if (typeof node !== "object" || node === null) return [[path, node]];
  return Object.entries(node).flatMap(([key, value]) => entries(value, path === "" ? key : `${path}.${key}`));
}

/** Words that are the same in both languages: names and units. */
const SAME = /^[A-Z0-9][A-Za-z0-9 .+:/–-]*$/;

describe("catalogues", () => {
  const english = new Map(entries(en));
  const chinese = new Map(entries(zh));

  it("have the same messages", () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("take the same number of parameters", () => {
    for (const [path, message] of english) {
      const other = chinese.get(path);
      expect(typeof other, path).toBe(typeof message);
      // A language may leave a parameter unused, never need one more.
      if (typeof message === "function" && typeof other === "function")
        expect(other.length, path).toBeLessThanOrEqual(message.length);
    }
  });

  it("leave nothing empty or untranslated", () => {
    for (const [path, message] of chinese) {
      if (typeof message !== "string") continue;
      expect(message.trim(), path).not.toBe("");
      if (english.get(path) === message) expect(message, path).toMatch(SAME);
    }
  });

  it("count in words", () => {
    expect(en.common.rows(1)).toBe("1 row");
    expect(en.common.rows(12_345)).toBe("12,345 rows");
    expect(zh.common.rows(12_345)).toBe("12,345 条");
  });
});
