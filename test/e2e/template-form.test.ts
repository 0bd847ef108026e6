import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graveFindings } from "./support/axe.ts";
import { launchBrowser, openWindow } from "./support/browser.ts";
import { picture } from "./support/pictures.ts";
import { goTo } from "./support/steps.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

/** A template built without Jinja, seen at once, and what it departs in. */
describe("the template form", () => {
  let workbench: Workbench;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    workbench = await startWorkbench();
    browser = await launchBrowser();
    context = await openWindow(browser, errors);
    page = await context.newPage();
    await page.goto(workbench.url);
    await page.getByRole("button", { name: "Got it" }).click();
    await goTo(page, "#/template");
  });
  afterAll(async () => {
    await browser?.close();
    await workbench?.dispose();
  });
  test("shows each piece's ids and what a conversation becomes, and becomes the template", async () => {
    await page.getByRole("button", { name: "Build with a form" }).click();
    const assistant = page.getByRole("region", { name: "Assistant" });
    await assistant.getByLabel("Role name").fill("bot");
    await assistant.getByLabel("Role name").press("Tab");
    await page.locator("pre", { hasText: "bot" }).waitFor();
    await picture(page, "form");
    expect(await graveFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Show as Jinja" }).click();
    await page.locator("pre", { hasText: "add_generation_prompt" }).waitFor();
    await page.getByRole("button", { name: "Use this form" }).click();
    await page.getByRole("button", { name: "Change the form" }).waitFor();
    await picture(page, "form-used");
    expect(errors).toEqual([]);
  });
});
