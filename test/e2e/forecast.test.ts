import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graveFindings } from "./support/axe.ts";
import { launchBrowser, LOOKS, openWindow } from "./support/browser.ts";
import { picture } from "./support/pictures.ts";
import { chooseLook, eventually, startRun, untilDone } from "./support/steps.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

/** What a run will take, told before it starts, and what it then took. */
describe("a plan before the run", () => {
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
  });
  afterAll(async () => {
    await browser?.close();
    await workbench?.dispose();
  });

  const plan = () => page.getByRole("region", { name: "Plan" });

  test("is estimated from the model's shape at once", async () => {
    await page.goto(workbench.url);
    await page.getByRole("button", { name: "Got it" }).click();
    await plan().getByText("Estimated from the model's shape.").waitFor();
    await plan()
      .getByRole("img", { name: /about .+ of .+ free/ })
      .waitFor();
    await plan().getByText("not known until steps are measured").waitFor();
    await picture(page, "forecast-estimate");
  });

  test("is measured with a few steps when that is asked for", async () => {
    await plan().getByRole("button", { name: "Measure" }).click();
    await plan().getByText("Measured with a few steps on this machine.").waitFor({ timeout: 60_000 });
    await picture(page, "forecast-measured");
  });

  test("stands beside what the run took", async () => {
    const runId = await startRun(page);
    await untilDone(page);
    expect(runId).toBeTruthy();
    const card = page.getByRole("region", { name: "Planned and actual" });
    await card.getByText("measured before").waitFor();
    const bytes = await eventually(
      async () =>
        (
          await card
            .getByRole("row", { name: /^Memory/ })
            .getByRole("cell")
            .allInnerTexts()
        ).map(parseFloat),
      (cells) => cells.length === 2 && cells.every((cell) => cell > 0),
    );
    const [planned = 0, actual = 0] = bytes;
    expect(Math.abs(planned / actual - 1)).toBeLessThan(0.15);
    const performance = page.getByRole("region", { name: "Performance" });
    await performance.getByText("0%", { exact: true }).waitFor();
    await picture(page, "forecast-run");
  });

  test("reads well in every theme and language", async () => {
    for (const look of LOOKS) {
      await chooseLook(page, look);
      expect(await graveFindings(page)).toEqual([]);
      await picture(page, `forecast-run-${look.theme}-${look.language}`);
    }
    expect(errors).toEqual([]);
  });
});
