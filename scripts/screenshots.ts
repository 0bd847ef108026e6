/**
 * Makes the pictures of the README from the real program: `node scripts/screenshots.ts`. It serves a fresh data home,
 * trains the sample twice (a minute or two) and writes docs/images/. Build first.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { launchBrowser, openWindow } from "../test/e2e/support/browser.ts";
import { eventually, goTo, setField, startRun, trainedTokens, untilDone } from "../test/e2e/support/steps.ts";
import { startWorkbench } from "../test/e2e/support/workbench.ts";
import { repositoryRoot } from "../test/shared.ts";

const FOLDER = join(repositoryRoot, "docs/images");

async function shoot(page: Page, name: string): Promise<void> {
  // Messages that come and go, and the pointer's marks, are no part of a picture.
  await page.waitForTimeout(1000);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  console.log(`docs/images/${name}.png`);
}

async function trainTwice(page: Page): Promise<void> {
  await startRun(page);
  await untilDone(page);
  await goTo(page, "#/train");
  await setField(page, "Learning rate", "5e-4");
  await startRun(page);
  await untilDone(page);
}

async function compareAll(page: Page): Promise<void> {
  await goTo(page, "#/runs");
  const ticks = page.getByRole("checkbox", { name: /^Tick/ });
  await eventually(
    () => ticks.count(),
    (count) => count === 2,
  );
  for (const tick of await ticks.all()) await tick.check();
  await page.getByRole("button", { name: "Compare 2" }).click();
  await page.locator(".u-wrap canvas").first().waitFor();
}

async function chat(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Chat side by side" }).click();
  await page.getByLabel("Message to all panes").fill("Have you heard of rockets?");
  await page.keyboard.press("Enter");
  await eventually(
    () => page.getByText("stopped by itself").count(),
    (count) => count >= 2,
    60,
  );
}

async function main(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const workbench = await startWorkbench();
  const browser = await launchBrowser();
  try {
    const page = await (await openWindow(browser, [])).newPage();
    await page.goto(workbench.url);
    await page.getByRole("button", { name: "Got it" }).click();
    await goTo(page, "#/template");
    await eventually(
      () => trainedTokens(page),
      ({ trained }) => trained > 0,
    );
    await page.getByRole("button", { name: /^Run (proof|again)/ }).click();
    await page.getByText(/All \d+ rows are fine/).waitFor({ timeout: 60_000 });
    await page.locator(".token.trained").nth(1).hover();
    await shoot(page, "template");
    await goTo(page, "#/train");
    await trainTwice(page);
    await compareAll(page);
    await shoot(page, "compare");
    await chat(page);
    await shoot(page, "chat");
  } finally {
    await browser.close();
    await workbench.dispose();
  }
}

await main();
