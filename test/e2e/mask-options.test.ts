import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graveFindings } from "./support/axe.ts";
import { launchBrowser, openWindow } from "./support/browser.ts";
import { picture } from "./support/pictures.ts";
import { eventually, goTo, trainedTokens } from "./support/steps.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

/** The mask's options beside the policy: what they do is seen at once, and counted on the dataset by the proof. */
describe("options of the mask", () => {
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
  test("a rule changes labels while it is typed, and says what is wrong with its pattern", async () => {
    const before = await eventually(
      () => trainedTokens(page),
      ({ trained }) => trained > 0,
    );
    await page.getByText("More choices").click();
    await page.getByRole("button", { name: "Add a rule" }).click();
    const pattern = page.getByLabel("Pattern (regular expression)");
    await pattern.fill("(the");
    await page.getByText(/This is no pattern that can be used/).waitFor();
    await picture(page, "mask-bad-pattern");
    await pattern.fill("\\w+");
    await eventually(
      () => trainedTokens(page),
      ({ trained }) => trained < before.trained,
    );
    await page.getByText("What matches /\\w+/ is not trained").waitFor();
    await picture(page, "mask-rule");
  });

  test("the proof's numbers stand beside the words, and the training form knows the choices", async () => {
    await page.getByLabel(/^End of turn:/).click();
    await page.getByRole("option", { name: /the last one only/ }).click();
    await page.getByText("Only the last trained turn's end is trained").waitFor();
    await page.getByRole("button", { name: /^Run (proof|again)/ }).click();
    await page
      .getByText(/in 560 rows/)
      .first()
      .waitFor({ timeout: 60_000 });
    await page.getByText("In words").scrollIntoViewIfNeeded();
    await picture(page, "mask-proven");
    expect(await graveFindings(page)).toEqual([]);
    await goTo(page, "#/train");
    await page.getByRole("button", { name: /All settings/ }).click();
    await page.getByText("loss_scale").first().waitFor();
    await picture(page, "mask-train");
    expect(errors).toEqual([]);
  });
});
