import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newHome, startDesktop } from "./desktop-app.ts";
import type { DesktopApp } from "./desktop-app.ts";

describe("the window", () => {
  let desktop: DesktopApp;
  beforeAll(async () => {
    desktop = await startDesktop(await newHome());
  });
  afterAll(() => desktop.app.close());

  test("shows our page under its own scheme", () => {
    expect(desktop.page.url()).toMatch(/^app:\/\/sift\//);
  });

  test("the page has no Node, only the bridge", async () => {
    const globals = await desktop.page.evaluate(() => {
      const seen = globalThis as unknown as Record<string, unknown>;
      return {
        node: [typeof seen["require"], typeof seen["process"], typeof seen["Buffer"]],
        bridge: Object.keys(seen["sift"] as object).sort(),
      };
    });
    expect(globals.node).toEqual(["undefined", "undefined", "undefined"]);
    expect(globals.bridge).toEqual(["pathForFile", "pickPaths", "requestPort"]);
  });

  test("sandbox and isolation are on", async () => {
    const preferences = await desktop.app.evaluate(({ webContents }) => {
      const contents = webContents.getAllWebContents()[0] as unknown as { getLastWebPreferences(): object };
      return contents.getLastWebPreferences();
    });
    expect(preferences).toMatchObject({ sandbox: true, contextIsolation: true, nodeIntegration: false });
  });
});
