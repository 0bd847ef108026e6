import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../shared.ts";
import { graveFindings } from "./support/axe.ts";
import { launchBrowser, LOOKS, openWindow } from "./support/browser.ts";
import { picture } from "./support/pictures.ts";
import { chooseLook, goTo } from "./support/steps.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

const run = promisify(execFile);
const sample = join(repositoryRoot, "resources/sample");

/** A set of the sample's rows in which every token is scored: what a wrong mask of another trainer makes. */
async function prepareSet(folder: string): Promise<void> {
  const flags = ["--data", join(sample, "conversations.jsonl"), "--tokenizer", join(sample, "model")];
  const how = ["--mask", "all", "--format", "hf", "--limit", "40", "--output", folder];
  await run(process.execPath, [join(repositoryRoot, "resources/bin/sift.mjs"), "encode", ...flags, ...how]);
}

describe("a set that another trainer prepared", () => {
  let workbench: Workbench;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let folder: string;
  const errors: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sift-prepared-"));
    await prepareSet(join(folder, "axolotl-prepared"));
    workbench = await startWorkbench();
    browser = await launchBrowser();
    context = await openWindow(browser, errors);
    page = await context.newPage();
    await page.goto(workbench.url);
    await page.getByRole("button", { name: "Got it" }).click();
  });
  afterAll(async () => {
    await browser?.close();
    await workbench?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  test("opens from its folder, with the tokenizer", async () => {
    await goTo(page, "#/data");
    await page.getByRole("button", { name: "Open a prepared dataset" }).first().click();
    await page.getByLabel("Path").fill(folder);
    await page.getByRole("button", { name: "Go", exact: true }).click();
    const entry = page.getByRole("button", { name: /axolotl-prepared.*dataset/ });
    await entry.waitFor();
    await picture(page, "prepared-picker");
    await entry.click();
    await page.getByText("Each document of a pack becomes a row").waitFor();
    await picture(page, "prepared-import");
    await page.getByRole("dialog").getByRole("button", { name: "Import", exact: true }).last().click();
    await page.getByText("axolotl-prepared is imported").waitFor();
    await page.getByRole("link", { name: "axolotl-prepared" }).click();
    await page.getByLabel("What was tokenised").waitFor();
    expect(await page.getByLabel("What was tokenised").innerText()).toContain("assistant");
  });

  test("is judged as it would train, and leads to the rows", async () => {
    await page.getByRole("button", { name: /^(Run (proof|again)|Prove)/ }).click();
    const leak = page.getByRole("link", { name: "Show the 40 rows that train another role" });
    await leak.waitFor({ timeout: 60_000 });
    await page.getByRole("link", { name: "Show the 40 rows that train every token" }).waitFor();
    await picture(page, "prepared-proof");
    await leak.click();
    await page.getByText(/40 conversations/).waitFor();
  });

  test("is compared with its source, token by token", async () => {
    await page.getByRole("tab", { name: "Compare" }).click();
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.getByText("40 with other labels").waitFor({ timeout: 60_000 });
    await page
      .getByLabel(/^Prepared, row 1$/)
      .first()
      .waitFor();
    expect(await page.locator(".side sup").count()).toBeGreaterThan(2);
    await picture(page, "prepared-compare");
    await page.reload();
    await page.getByText("40 with other labels").waitFor();
    await page
      .getByLabel(/^Prepared, row 1$/)
      .first()
      .waitFor();
  });

  test("and the way out: what Sift trains as such a folder", async () => {
    await goTo(page, "#/data");
    await page
      .getByRole("button", { name: /^Actions for/ })
      .last()
      .click();
    await page.getByRole("menuitem", { name: "Export for another trainer…" }).click();
    await page.getByLabel("Into the folder").fill(folder);
    await page.getByLabel("Name of the new folder").fill("from-sift");
    await page.getByRole("dialog").getByRole("button", { name: "Export", exact: true }).last().click();
    await page.getByText(/rows written to/).waitFor({ timeout: 60_000 });
    await picture(page, "prepared-export");
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).first().click();
  });

  test("looks right in both languages and themes", async () => {
    for (const look of LOOKS) {
      await chooseLook(page, look);
      await goTo(page, "#/data/d2/compare?comparison=c1");
      await page.locator(".side sup").first().waitFor();
      expect(await graveFindings(page), JSON.stringify(look)).toEqual([]);
      await picture(page, `prepared-${look.theme}-${look.language}`);
    }
    expect(errors).toEqual([]);
  });
});
