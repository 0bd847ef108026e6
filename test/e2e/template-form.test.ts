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
  const save = async (): Promise<void> => {
    await page.getByRole("button", { name: "Save the form…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  };
  test("is saved with its versions, which are compared in words and as Jinja", async () => {
    await save();
    await page.getByRole("button", { name: "Change the form" }).click();
    const assistant = page.getByRole("region", { name: "Assistant" });
    await assistant.getByLabel("Role name").fill("helper");
    await assistant.getByLabel("Role name").press("Tab");
    await page.locator("pre", { hasText: "helper" }).waitFor();
    await page.getByRole("button", { name: "Use this form" }).click();
    await save();
    await page.getByRole("button", { name: "Versions…" }).click();
    const history = page.getByRole("dialog");
    await history.getByRole("button", { name: "Version 1" }).click();
    await history.getByText("Role name: helper").waitFor();
    await picture(page, "form-versions");
    expect(await graveFindings(page)).toEqual([]);
    await page.locator('[aria-haspopup="listbox"][aria-label^="Compare as"]').click();
    await page.getByRole("option", { name: "Its Jinja twin" }).click();
    await history.getByText("<|im_start|>bot").first().waitFor();
    await history.getByRole("button", { name: "Close", exact: true }).last().click();
  });
  test("is chosen again, in Train too", async () => {
    await goTo(page, "#/train");
    const choice = page.locator('[aria-haspopup="listbox"][aria-label^="Template and mask"]');
    await choice.click();
    await page.getByRole("option", { name: /^The model's own/ }).click();
    await choice.click();
    await page.getByRole("option", { name: /^my-form/ }).click();
    await page.locator('[aria-label="Template and mask: my-form"]').waitFor();
    await picture(page, "form-train");
    expect(errors).toEqual([]);
  });
  test("departs from the model's own template: a finding with a repair, on the page of the proof", async () => {
    await goTo(page, "#/template/proof");
    const card = page.getByRole("region", { name: "This is not the template that the model was tuned with" });
    const run = page.getByRole("button", { name: "Run proof" });
    await card.or(run).first().waitFor();
    if (await run.isVisible()) await run.click();
    await card.getByText("stops nothing").waitFor({ timeout: 60_000 });
    await card.getByText("<|im_start|>helper").first().waitFor();
    expect(await graveFindings(page)).toEqual([]);
    await picture(page, "form-departs");
    await card.getByRole("button", { name: "Use the model's own" }).click();
    await card.waitFor({ state: "detached" });
    expect(errors).toEqual([]);
  });
});
