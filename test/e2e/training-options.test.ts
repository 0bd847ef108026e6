import { join } from "node:path";
import Database from "better-sqlite3";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graveFindings } from "./support/axe.ts";
import { launchBrowser, openWindow } from "./support/browser.ts";
import { picture } from "./support/pictures.ts";
import { chooseLook, goTo, setField, startRun, untilDone } from "./support/steps.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

describe("what the trainer offers beyond the five fields", () => {
  let workbench: Workbench;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    workbench = await startWorkbench();
    browser = await launchBrowser();
    page = await (await openWindow(browser, errors)).newPage();
    await page.goto(workbench.url);
    await page.getByRole("button", { name: "Got it" }).click();
  });
  afterAll(async () => {
    await browser?.close();
    await workbench?.dispose();
  });

  test("the plan draws the learning rate, and the settings take a floor and prompts", async () => {
    await goTo(page, "#/train");
    await page.getByRole("img", { name: /Learning rate over the run/ }).waitFor();
    await page.getByRole("button", { name: "All settings" }).click();
    await page.getByLabel("lr_scheduler_type", { exact: true }).click();
    await page.getByRole("option", { name: "cosine_with_min_lr" }).click();
    await page.getByText(/cosine_with_min_lr: highest 2e-4, last 2.\d*e-5/).waitFor();
    await setField(page, "lr_scheduler_kwargs", "min_lr_rate: 0.5");
    await page.getByText(/cosine_with_min_lr: highest 2e-4, last 1e-4/).waitFor();
    await setField(page, "sample_prompts", "Have you heard of rockets?\nHello, who are you?");
    await setField(page, "eval_steps", "4");
    await setField(page, "max_steps", "8");
    await setField(page, "eval_split", "0.1");
    expect(await graveFindings(page)).toEqual([]);
    await picture(page, "training-settings");
  });

  test("the setup is checked on the user's own rows, in words and numbers", async () => {
    const card = page.getByRole("region", { name: "Check this setup" });
    await card.getByRole("button", { name: "Check" }).click();
    await card.getByText("the same every way").waitFor({ timeout: 60_000 });
    await card.getByText(/Largest relative difference/).waitFor();
    await card.locator("summary").click();
    expect(await card.getByRole("row").count()).toBe(10);
    await card.scrollIntoViewIfNeeded();
    await picture(page, "training-setup-check");
    expect(await graveFindings(page)).toEqual([]);
  });

  test("a run shows its answers, and is extended", async () => {
    await startRun(page);
    await untilDone(page);
    await page.getByRole("tab", { name: "Samples" }).click();
    await page.getByRole("heading", { name: "Have you heard of rockets?" }).waitFor();
    expect(await page.getByText("step 8", { exact: true }).count()).toBe(2);
    await picture(page, "training-samples");
    expect(await graveFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Extend…" }).click();
    await setField(page, "Steps in all", "7");
    await page.getByText("Give more than 8.").waitFor();
    await setField(page, "Steps in all", "12");
    await page.getByText(/is laid over 12 steps/).waitFor();
    await picture(page, "training-extend");
    await page.getByRole("button", { name: "Extend", exact: true }).click();
    await page
      .getByText(/It finished 12 steps/)
      .first()
      .waitFor({ timeout: 60_000 });
    expect(await graveFindings(page)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("a run saves when asked, and says when it waits for the disk", async () => {
    await goTo(page, "#/train");
    await setField(page, "max_steps", "400");
    await startRun(page);
    await page.getByText(/Step \d+ of 400/).waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Save now" }).click();
    await page.getByText("A checkpoint is saved after the step in progress").waitFor();
    const database = new Database(join(workbench.home, "sift.db"));
    const refuse = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    database.exec(`CREATE TRIGGER full BEFORE INSERT ON events ${refuse}`); // as SQLite says it on a full disk
    await page.getByText("The run waits for space on the disk").waitFor({ timeout: 30_000 });
    expect(await graveFindings(page)).toEqual([]);
    await picture(page, "training-paused");
    database.exec("DROP TRIGGER full");
    database.close();
    await page.getByRole("button", { name: "Try again now" }).click();
    await page.getByText("The run waits for space on the disk").waitFor({ state: "detached", timeout: 30_000 });
    await page.getByRole("button", { name: "Stop & save" }).click();
    await page.getByText(/It was stopped at step/).waitFor({ timeout: 30_000 });
    expect(errors).toEqual([]);
  });

  test("in Chinese and in the dark", async () => {
    const run = page.url();
    await chooseLook(page, { theme: "dark", language: "zh" });
    await page.goto(run);
    await page.getByRole("tab", { name: "样例" }).waitFor();
    await picture(page, "training-samples-zh-dark");
    await goTo(page, "#/train");
    await page.getByText("检查这套设置").waitFor();
    await picture(page, "training-zh-dark");
  });
});
