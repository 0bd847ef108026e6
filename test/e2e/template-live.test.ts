import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser, openWindow } from "./support/browser.ts";
import { eventually, goTo, trainedTokens } from "./support/steps.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

/** Labels that follow the hands: the page encodes by itself, and says so where it cannot. */
describe("tokens while the template is edited", () => {
  let workbench: Workbench;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];
  const asked: string[] = [];

  beforeAll(async () => {
    workbench = await startWorkbench();
    browser = await launchBrowser();
    context = await openWindow(browser, errors);
    page = await context.newPage();
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => asked.push(String(payload))));
    await page.goto(workbench.url);
    await page.getByRole("button", { name: "Got it" }).click();
    await eventually(() => page.getByRole("button", { name: /^(Prove and start|Start)$/ }).isEnabled(), Boolean);
  });
  afterAll(async () => {
    await browser?.close();
    await workbench?.dispose();
  });
  const editor = () => page.getByRole("textbox", { name: "Template text (Jinja)" });
  const previews = () => asked.filter((message) => message.includes("/text/preview")).length;

  test("a worker of the page makes them, core is not asked for this row", async () => {
    await goTo(page, "#/template");
    const before = await eventually(
      () => trainedTokens(page),
      ({ trained }) => trained > 0,
    );
    expect(page.workers().map((worker) => new URL(worker.url()).pathname)).toEqual([
      expect.stringMatching(/^\/assets\/worker-.*\.js$/),
    ]);
    await editor().click();
    await page.keyboard.press("Control+Home");
    const sent = previews();
    await page.keyboard.type("Edited!");
    await eventually(
      () => trainedTokens(page),
      ({ all }) => all > before.all,
    );
    expect(await page.getByText("Not encoded in this page").count()).toBe(0);
    expect(previews() - sent, "rows that core encoded while the template was typed").toBeLessThan(20);
    expect(errors).toEqual([]);
  });

  test("where no worker starts, core encodes and the page says so", async () => {
    const other = await context.newPage();
    await other.addInitScript(
      "window.Worker = class { constructor() { throw new DOMException('not allowed', 'SecurityError'); } };",
    );
    await other.goto(new URL("#/template", page.url()).href);
    await other.getByText(/The page's own encoder could not start/).waitFor();
    await eventually(
      () => trainedTokens(other),
      ({ trained }) => trained > 0,
    );
    await other.close();
  });
});
