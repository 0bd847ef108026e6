import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graveFindings } from "./support/axe.ts";
import { launchBrowser, LOOKS, openWindow } from "./support/browser.ts";
import { picture } from "./support/pictures.ts";
import { chooseLook, eventually, goTo, trainedTokens } from "./support/steps.ts";
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
    await page.keyboard.type(" a big zone, ink");
    expect(await editor().innerText(), "keys that are shortcuts elsewhere").toContain("Edited! a big zone, ink");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await page.getByText("Not encoded in this page").count()).toBe(0);
    expect(previews() - sent, "rows that core encoded while the template was typed").toBe(0);
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

/** The template editor as a person uses it: offers, partners, errors, layout, versions, files. */
describe("the template editor", () => {
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
    await eventually(() => page.getByRole("button", { name: /^(Prove and start|Start)$/ }).isEnabled(), Boolean);
    await goTo(page, "#/template");
    await editor().waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await workbench?.dispose();
  });
  const editor = () => page.getByRole("textbox", { name: "Template text (Jinja)" });
  const source = async () => (await editor().locator(".cm-line").allTextContents()).join("\n");
  /** CodeMirror takes no key for offers that have only just come up. */
  const settled = () => page.waitForTimeout(400);
  async function write(text: string): Promise<void> {
    await editor().click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await page.keyboard.insertText(text);
  }

  test("offers what the evaluator has, and marks partners and errors", async () => {
    if (await page.getByRole("button", { name: "Edit a copy" }).isVisible()) {
      await page.getByRole("button", { name: "Edit a copy" }).click();
    }
    await write("{% for message in messages %}{% if message.role == 'user' %}{{ message.content | ");
    await page.keyboard.type("tr");
    await page.locator(".cm-tooltip-autocomplete").getByText("trim").first().waitFor();
    await picture(page, "template-completion");
    await settled();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    expect(await source()).toContain("| trim");
    await page.locator(".cm-lint-marker-error").waitFor();
    await page.keyboard.type(" }}{% ");
    await page.locator(".cm-tooltip-autocomplete").getByText("endif").waitFor();
    await settled();
    await page.keyboard.press("Enter");
    await page.keyboard.type(" %}{% endfor %}");
    await eventually(
      () => page.locator(".cm-lint-marker-error").count(),
      (count) => count === 0,
    );
    await page.locator(".cm-partner").first().waitFor();
    expect(await page.locator(".cm-partner").allInnerTexts()).toEqual([
      "{% for message in messages %}",
      "{% endfor %}",
    ]);
  });

  test("lays out without changing the tokens", async () => {
    const before = await trainedTokens(page);
    await page.keyboard.press("Shift+Alt+f");
    await page.getByText("What it renders is unchanged").waitFor();
    expect(await source()).toBe(
      "{% for message in messages %}\n    {% if message.role == 'user' %}{{ message.content | trim }}{% endif %}\n{% endfor %}",
    );
    await page.waitForTimeout(300);
    expect(await trainedTokens(page)).toEqual(before);
    await page.locator(".cm-foldGutter").getByTitle("Fold line", { exact: true }).first().click();
    await page.locator(".cm-foldPlaceholder").waitFor();
    await page.locator(".cm-foldPlaceholder").click();
  });

  test("saving under one name makes versions that can be compared and restored", async () => {
    await page.getByRole("button", { name: "Save template…" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("mine");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("mine is saved").waitFor();
    await editor().click();
    await page.keyboard.press("Control+Home");
    await page.keyboard.type("second ");
    await page.reload();
    await eventually(source, (text) => text.startsWith("second"));
    await page.getByRole("button", { name: "Save template…" }).click();
    await page.getByText("Saving under mine adds version 2").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Versions…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: /Version 1/ }).click();
    await dialog.locator(".cm-changedText").first().waitFor();
    await picture(page, "template-versions");
    expect(await graveFindings(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Restore" }).click();
    await eventually(source, (text) => text.startsWith("{% for"));
    await page.getByRole("button", { name: "Versions…" }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /Version 3/ })
      .waitFor();
    await page.keyboard.press("Escape");
  });

  test("opens a Jinja file and saves to one", async () => {
    const file = join(dirname(workbench.home), "from disk.jinja");
    await writeFile(file, "{% for m in messages %}disk {{ m.content }}{% endfor %}");
    await page.getByRole("button", { name: "Open a file of Jinja or of a form…" }).click();
    await page.getByRole("dialog").getByLabel("Path").fill(dirname(file));
    await page.keyboard.press("Enter");
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /from disk\.jinja/ })
      .click();
    await eventually(source, (text) => text.includes("disk"));
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save the Jinja to a file" }).click();
    expect(await readFile(await (await download).path(), "utf8")).toContain("disk");
  });

  test("keys are listed, search and go to line open", async () => {
    await editor().click();
    await page.keyboard.press("Control+f");
    await page.locator(".cm-search").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+Alt+g");
    await page.locator(".cm-gotoLine, .cm-dialog").first().waitFor();
    await page.keyboard.press("Escape");
    await editor().click();
    await page.keyboard.press("F1");
    await page.getByRole("dialog", { name: "Keys of the template editor" }).waitFor();
    await page.keyboard.press("Escape");
    for (const look of LOOKS) {
      await chooseLook(page, look);
      await goTo(page, "#/template");
      await page.locator(".token").first().waitFor();
      await picture(page, `template-${look.theme}-${look.language}`);
      expect(await graveFindings(page)).toEqual([]);
    }
    expect(errors).toEqual([]);
  });
});
