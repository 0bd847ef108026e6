import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../shared.ts";
import { answerDialogs, newHome, questionsAsked, startDesktop } from "./desktop-app.ts";
import type { DesktopApp } from "./desktop-app.ts";

const conversation = (i: number): string =>
  JSON.stringify({
    messages: [
      { role: "user", content: `问题 ${i}` },
      { role: "assistant", content: `答案 ${i}` },
    ],
  });

async function picture(page: Page, name: string): Promise<void> {
  const folder = join(repositoryRoot, "test-results", "desktop");
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Resolves once the application's process is gone. */
function gone({ app }: DesktopApp): Promise<void> {
  const child = app.process();
  return new Promise((resolve) => (child.exitCode === null ? child.once("exit", () => resolve()) : resolve()));
}

describe("the main job in the desktop window", () => {
  let home: string;
  let desktop: DesktopApp;
  const go = (route: string) => desktop.page.goto(`app://sift/#/${route}`);

  beforeAll(async () => {
    home = await newHome();
    desktop = await startDesktop(home);
  });
  afterAll(async () => {
    await answerDialogs(desktop.app, { button: 1, paths: [] }).catch(() => undefined);
    await desktop.app.close();
  });

  test("the first start opens the sample project", async () => {
    await desktop.page.getByText("This is the sample project").waitFor();
    await picture(desktop.page, "first-start");
  });

  test("a file picked in the native dialog is imported", async () => {
    const { page } = desktop;
    const file = join(home, "my 对话.jsonl");
    const lines = Array.from({ length: 12 }, (_, i) => conversation(i));
    await writeFile(file, [...lines, "{ broken"].join("\n"));
    await answerDialogs(desktop.app, { button: 0, paths: [file] });
    await go("data");
    await page.getByRole("button", { name: "Import" }).first().click();
    await page.getByLabel("Name").fill("mine");
    await page.getByRole("dialog").getByRole("button", { name: "Import" }).last().click();
    await page.getByText("mine is imported").waitFor();
    expect(await readFile(file, "utf8")).toContain("{ broken");
    await picture(page, "imported");
  });

  test("the sample trains, and its curve is drawn", async () => {
    const { page } = desktop;
    await go("train");
    await page.getByRole("combobox", { name: "Data" }).click();
    await page.getByRole("option", { name: /Sample conversations/ }).click();
    await page.getByLabel("Passes").fill("300"); // long enough to quit in the middle
    await page.getByRole("button", { name: /^(Prove and start|Start)$/ }).click();
    await page
      .getByText(/Step [1-9]\d* of/)
      .first()
      .waitFor({ timeout: 120_000 });
    await page.locator("canvas").first().waitFor();
    await page.waitForTimeout(1000);
    await picture(page, "training");
  });

  test("closing the window while it trains asks; keeping on keeps it training", async () => {
    const { app, page } = desktop;
    await answerDialogs(app, { button: 0, paths: [] });
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await expect.poll(() => questionsAsked(app)).toBe(1);
    expect(await page.getByRole("button", { name: "Stop & save" }).count()).toBeGreaterThan(0);
    expect(
      await app.evaluate(({ powerSaveBlocker }) => powerSaveBlocker.isStarted(0) || powerSaveBlocker.isStarted(1)),
    ).toBe(true);
  });

  test("quitting stops and saves it; the next start finds the run", async () => {
    await answerDialogs(desktop.app, { button: 1, paths: [] });
    const left = gone(desktop);
    await desktop.app.evaluate(({ app }) => app.quit());
    await left;
    desktop = await startDesktop(home);
    await go("runs");
    const run = desktop.page.getByRole("link", { name: /Sample conversations/ }).first();
    await run.waitFor();
    await picture(desktop.page, "found-again");
    await run.click();
    await desktop.page.getByRole("button", { name: "Resume" }).first().waitFor();
    await desktop.page.locator("canvas").first().waitFor();
    await picture(desktop.page, "found-run");
  });
});
