import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newHome, startDesktop } from "./desktop-app.ts";
import type { DesktopApp } from "./desktop-app.ts";

describe("the window", () => {
  let home: string;
  let desktop: DesktopApp;
  beforeAll(async () => {
    home = await newHome();
    desktop = await startDesktop(home);
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

  test("the policy stops inline scripts and other addresses; nothing leads out of the page's folder", async () => {
    // As text, because these names belong to the page and not to Node.
    const seen = await desktop.page.evaluate<Record<string, unknown>>(`(async () => {
      const script = document.createElement("script");
      script.textContent = "window.inlineRan = true";
      document.head.append(script);
      const outside = await fetch("http://127.0.0.1:9/").then(() => "reached", (error) => error.name);
      const climbed = await fetch("/..%2f..%2fpackage.json").then((answer) => answer.status, () => "refused");
      return { inline: window.inlineRan === true, outside, climbed };
    })()`);
    expect(seen).toEqual({ inline: false, outside: "TypeError", climbed: 404 });
  });

  test("a file that is dragged in has its path", async () => {
    const file = join(home, "dragged 文件.jsonl");
    await writeFile(file, "{}");
    await desktop.page.evaluate(`{
      const input = document.createElement("input");
      input.type = "file";
      input.id = "dragged";
      document.body.append(input);
    }`);
    await desktop.page.locator("#dragged").setInputFiles(file);
    const path = await desktop.page.evaluate(`window.sift.pathForFile(document.querySelector("#dragged").files[0])`);
    expect(path).toBe(file);
    expect(await desktop.page.evaluate(`window.sift.pathForFile({ path: "/etc/passwd" })`)).toBe("");
  });

  test("it neither navigates away nor opens windows", async () => {
    await desktop.page.evaluate(`location.href = "https://example.invalid/"`);
    await desktop.page.evaluate(`window.open("http://example.invalid/")`);
    await desktop.page.waitForTimeout(300);
    expect(desktop.page.url()).toMatch(/^app:\/\/sift\//);
    expect(desktop.app.windows()).toHaveLength(1);
  });

  test("a second start on the same home shows the first window and ends", async () => {
    const [executable = "", ...args] = await desktop.app.evaluate(() => [process.execPath, ...process.argv.slice(1)]);
    const flags = process.getuid?.() === 0 ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"];
    const rest = args.filter((argument) => !flags.includes(argument));
    const second = spawn(executable, [...flags, ...rest], { stdio: "ignore" });
    const code = await new Promise((resolve) => second.on("exit", resolve));
    expect(code).toBe(0);
    expect(desktop.app.windows()).toHaveLength(1);
  });

  test("its place and size are kept", async () => {
    const bounds = { x: 60, y: 40, width: 1000, height: 700 };
    await desktop.app.evaluate(({ BrowserWindow }, wanted) => {
      BrowserWindow.getAllWindows()[0]?.setBounds(wanted);
    }, bounds);
    await desktop.page.waitForTimeout(300);
    await desktop.app.close();
    desktop = await startDesktop(home);
    const kept = await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getNormalBounds());
    expect(kept).toMatchObject({ width: 1000, height: 700 });
  });
});
