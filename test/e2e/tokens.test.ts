import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graveFindings } from "./support/axe.ts";
import { launchBrowser, LOOKS, openWindow } from "./support/browser.ts";
import { picture } from "./support/pictures.ts";
import { chooseLook, eventually, goTo } from "./support/steps.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

describe("the token view", () => {
  let workbench: Workbench;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    workbench = await startWorkbench();
    browser = await launchBrowser();
    page = await (await openWindow(browser, errors)).newPage();
    await page.setViewportSize({ width: 1800, height: 900 });
    await page.goto(workbench.url);
    await page.getByRole("button", { name: "Got it" }).click();
    await goTo(page, "#/template");
    await page.locator(".token.trained").first().waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await workbench?.dispose();
  });

  const partly = () => page.locator(".token.partly").count();

  test("three panes share one selection", async () => {
    await page.locator(".token.trained").nth(3).click();
    await page.locator("article.selected").waitFor();
    expect(await page.locator("article.selected").getAttribute("data-turn")).toBe("1");
    expect(await page.locator(".piece.selected").count()).toBeGreaterThan(0);
    await page.getByText(/template line \d+/).waitFor();
    await page.getByRole("button", { name: "Turn 3, User" }).click();
    await eventually(
      () => page.locator(".token.marked").count(),
      (count) => count > 2,
    );
    await picture(page, "tokens-panes");
  });

  test("paint from the tokens is stored, undone and survives a reload", async () => {
    await page.locator(".token.trained").nth(4).hover();
    await page.mouse.down();
    await page.locator(".token.trained").nth(8).hover();
    await page.mouse.up();
    await page.getByRole("button", { name: /^Half/ }).click();
    await eventually(partly, (count) => count >= 4);
    await picture(page, "tokens-painted");
    await page.reload();
    await eventually(partly, (count) => count >= 4);
    await page.locator("body").press("z");
    await eventually(partly, (count) => count === 0);
  });

  test("paint from the conversation by keyboard", async () => {
    await page.getByRole("textbox", { name: /^Turn 2, Assistant/ }).focus();
    for (let i = 0; i < 2; i++) await page.keyboard.press("Control+Shift+ArrowRight");
    await page.keyboard.press("p");
    await page.getByRole("button", { name: /^Off/ }).click();
    await page.locator("article .off").first().waitFor();
    await page.locator("body").press("z");
    await eventually(
      () => page.locator("article .off").count(),
      (count) => count === 0,
    );
  });

  test("another mask is compared token by token, and changes are walked", async () => {
    await page.getByRole("button", { name: "Compare with…" }).click();
    const bar = page.getByRole("group", { name: "Compare tokens" });
    const choose = async (label: string, option: string | RegExp): Promise<void> => {
      await bar.locator(`[aria-haspopup="listbox"][aria-label^="${label}: "]`).click();
      await page.getByRole("option", { name: option }).click();
    };
    await choose("Template", "The same template");
    await choose("Mask", "Everything");
    await page.getByText(/≠\d+\s+label/).waitFor();
    await page.getByRole("button", { name: "Next change" }).click();
    await page.getByText(/change 1 of \d+/).waitFor();
    expect(await page.locator(".token.label").count()).toBeGreaterThan(3);
    await picture(page, "tokens-compare");
    await choose("Template", /^chatml-human/);
    await choose("Mask", "Answers and structure");
    await page.getByText(/−\d+\s+gone|-\d+\s+gone|\d+\s+gone/).waitFor();
    await bar.getByRole("button", { name: /^Change places/ }).click();
    await page.locator('[aria-haspopup="listbox"]').filter({ hasText: "chatml-human" }).first().waitFor();
    await picture(page, "tokens-swapped");
    await bar.getByRole("button", { name: /^Change places/ }).click();
    await bar.locator('[aria-label="Template: chatml-human"]').waitFor();
    await page.getByRole("button", { name: "Stop comparing" }).click();
  });

  test("a row is found, pinned and linked", async () => {
    await page.locator("body").press("g");
    await page.getByRole("spinbutton", { name: "Go to number" }).fill("7");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^7 of / }).waitFor();
    await page.getByRole("button", { name: "Pin this conversation" }).click();
    const link = page.url();
    await page.locator("body").press("j");
    await page.getByRole("button", { name: /^8 of / }).waitFor();
    await page.getByRole("button", { name: "Pinned: conversation 7" }).click();
    await page.getByRole("button", { name: /^7 of / }).waitFor();
    expect(link).toContain("row=");
    await page.reload();
    await page.getByRole("button", { name: /^7 of / }).waitFor();
    await page.getByRole("button", { name: "Pinned: conversation 7" }).waitFor();
    await page.locator("body").press("g");
    await page.getByRole("option").first().waitFor();
    await picture(page, "tokens-rows");
    await page.keyboard.press("Escape");
  });

  test("both languages and themes, without grave findings", async () => {
    for (const look of LOOKS) {
      await chooseLook(page, look);
      await goTo(page, "#/template");
      await page.locator(".token.trained").first().waitFor();
      await page.waitForTimeout(400);
      await picture(page, `tokens-${look.theme}-${look.language}`);
      expect(await graveFindings(page)).toEqual([]);
    }
  });

  test("text that the template made anew says so, with its place", async () => {
    await chooseLook(page, { theme: "light", language: "en" });
    await goTo(page, "#/template");
    await page.getByRole("textbox", { name: "Template text (Jinja)" }).click();
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText("{% for m in messages %}A: {{ m.content | upper }}<|im_end|>\n{% endfor %}");
    await eventually(
      () => page.locator(".token.trained").count(),
      (count) => count === 0,
    );
    await page
      .locator(".token", { hasText: /^\s?S$/ })
      .last()
      .hover();
    await page
      .getByText(/the template made it from turn \d+ with upper \(line 1, column \d+\)/)
      .first()
      .waitFor();
    await picture(page, "tokens-transformed");
  });

  test("the page threw nothing", () => expect(errors).toEqual([]));
});
