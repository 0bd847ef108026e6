import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { freeBytes, requireSpace } from "#worker/train/disk.ts";

describe("the space that a checkpoint needs", () => {
  test("is asked for before anything is written", () => {
    const free = freeBytes(tmpdir()) ?? 0;
    expect(free).toBeGreaterThan(0);
    expect(() => requireSpace(tmpdir(), 1000)).not.toThrow();
    expect(() => requireSpace(tmpdir(), free * 2)).toThrow(/MB are needed and \d+ MB are free/);
  });
  test("where the system does not tell, it is tried", () => {
    expect(freeBytes("/no/such/folder")).toBeUndefined();
    expect(() => requireSpace("/no/such/folder", 1e18)).not.toThrow();
  });
});
