import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../shared.ts";
import { graveFindings } from "./support/axe.ts";
import { launchBrowser, LOOKS, openWindow } from "./support/browser.ts";
import { picture } from "./support/pictures.ts";
import { chooseLook, eventually, goTo, trainedTokens } from "./support/steps.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

/** A model without a chat template is given a format, and tokens where the format needs them. */
describe("a base model", () => {
  let workbench: Workbench;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), "sift-base-"));

  beforeAll(async () => {
    cpSync(join(repositoryRoot, "resources", "sample", "model"), join(folder, "base"), { recursive: true });
    rmSync(join(folder, "base", "chat_template.jinja"), { force: true });
    const file = join(folder, "base", "tokenizer_config.json");
    const { chat_template: _, ...config } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify(config));
    workbench = await startWorkbench();
    browser = await launchBrowser();
    context = await openWindow(browser, errors);
    page = await context.newPage();
    await page.goto(workbench.url);
    await page.getByRole("button", { name: "Got it" }).click();
    await goTo(page, "#/template");
    await eventually(
      () => trainedTokens(page),
      ({ trained }) => trained > 0,
    );
    await page.evaluate(
      (modelPath) => {
        const now = JSON.parse(localStorage.getItem("sift.workspace") ?? "{}") as object;
        localStorage.setItem("sift.workspace", JSON.stringify({ ...now, modelPath, template: { kind: "own" } }));
      },
      join(folder, "base"),
    );
    await page.reload();
  });
  afterAll(async () => {
    await browser?.close();
    await workbench?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  test("is shown what each format needs, in both languages and themes", async () => {
    for (const look of LOOKS) {
      await chooseLook(page, look);
      await goTo(page, "#/template");
      await page.getByRole("button", { name: look.language === "en" ? "Choose a format" : "选择格式" }).click();
      await page.getByRole("dialog").getByText("chatml", { exact: true }).waitFor();
      expect(await graveFindings(page)).toEqual([]);
      await picture(page, `base-format-${look.theme}-${look.language}`);
      await page.keyboard.press("Escape");
    }
    await chooseLook(page, { theme: "light", language: "en" });
  }, 120_000);

  test("gets a format's tokens in a copy of its own, by keyboard", async () => {
    await goTo(page, "#/template");
    await page.getByRole("button", { name: "Choose a format" }).press("Enter");
    const add = page.getByRole("button", { name: "Add 4 tokens and use phi3" });
    await add.scrollIntoViewIfNeeded();
    await picture(page, "base-add");
    await add.press("Enter");
    await page.getByText(/A copy of the model with the new tokens is chosen/).waitFor({ timeout: 60_000 });
    await eventually(
      () => trainedTokens(page),
      ({ trained }) => trained > 0,
    );
    await page.locator(".token", { hasText: "<|assistant|>" }).first().waitFor();
    await picture(page, "base-added");
    await goTo(page, "#/train");
    await page
      .getByText(/rows of the new tokens/)
      .first()
      .waitFor();
    const start = page.getByRole("button", { name: /^(Prove and start|Start)$/ });
    expect(await start.isEnabled()).toBe(false);
    await page.getByText("Full fine-tuning", { exact: true }).click();
    await eventually(() => start.isEnabled(), Boolean);
    await picture(page, "base-train");
    expect(errors).toEqual([]);
  }, 120_000);
});
