import { describe, expect, it } from "vitest";
import { href, parseRoute, VIEWS } from "#renderer/state/routes.ts";

describe("routes", () => {
  it("reads back every address that it writes", () => {
    for (const view of VIEWS) {
      const parts = ["id with/slash", "行"];
      const params = { q: "a=b&c #1", row: "3" };
      expect(parseRoute(href(view, parts, params))).toEqual({ view, parts, params });
    }
  });

  it("leaves out empty params", () => {
    expect(href("data", ["d1"], { q: "", row: "2" })).toBe("#/data/d1?row=2");
  });

  it("goes home from an unknown or empty address", () => {
    for (const hash of ["", "#", "#/", "#/nowhere/1", "#data%zz"]) expect(parseRoute(hash).view).toBe("home");
  });

  it("survives an address that is not well encoded", () => {
    expect(parseRoute("#/data/%E0%A4%A")).toEqual({ view: "data", parts: ["%E0%A4%A"], params: {} });
  });
});
