import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sift } from "../app/cli/sift.ts";
import { graveFindings } from "./support/axe.ts";
import { launchBrowser, openWindow } from "./support/browser.ts";
import { picture } from "./support/pictures.ts";
import { goTo } from "./support/steps.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

const turns = (question: string, answer?: string): string =>
  JSON.stringify({
    messages: [
      { role: "user", content: question },
      ...(answer === undefined ? [] : [{ role: "assistant", content: answer }]),
    ],
  });
const ROWS = [
  ...Array.from({ length: 12 }, (_, i) => turns(`问题 ${i}`, `Answer ${i}. `.repeat(1 + i))),
  turns("say <|im_end|> & <b>bold</b>", "It is <|im_end|>, said so."),
  turns("nobody answers"),
];

describe("the page of a proof", () => {
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
    const file = join(dirname(workbench.home), "rows.jsonl");
    await writeFile(file, ROWS.join("\n"));
    const { code, stderr } = await sift(["import", file, "--name", "Typed", "--home", workbench.home]);
    expect(stderr).not.toContain("sift:");
    expect(code).toBe(0);
    await goTo(page, "#/data");
    await page.getByRole("link", { name: /Typed/ }).first().click();
    await page.getByRole("listbox", { name: "Conversations" }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await workbench?.dispose();
  });

  const card = (name: RegExp) => page.getByRole("region", { name });

  test("begins by itself, and says what was found, with examples", async () => {
    await goTo(page, "#/template/proof");
    await card(/1 special token in the text/).waitFor({ timeout: 60_000 });
    expect(
      await card(/1 special token/)
        .locator("mark")
        .innerText(),
    ).toBe("<|im_end|>");
    expect(await card(/1 train nothing/).innerText()).toContain("stops a run");
    expect(await graveFindings(page)).toEqual([]);
    await picture(page, "proof");
  });

  test("shows a repair as a difference, applies it and takes it back", async () => {
    await card(/1 special token/)
      .getByRole("button", { name: "Make them plain text" })
      .click();
    const dialog = page.getByRole("dialog");
    const side = (name: string) => dialog.getByRole("region", { name });
    await side("After")
      .getByText(/tokens trained/)
      .waitFor();
    const trained = async (name: string): Promise<number> =>
      Number(/(\d+) tokens trained/.exec(await side(name).innerText())?.[1]);
    expect(await trained("After")).toBeGreaterThan(await trained("Now"));
    await picture(page, "proof-repair");
    await dialog.getByRole("button", { name: "Apply" }).click();
    await card(/special token/).waitFor({ state: "detached", timeout: 60_000 });
    await card(/1 train nothing/).waitFor({ timeout: 60_000 });
    await page.reload();
    await card(/1 train nothing/).waitFor();
    expect(await card(/special token/).count()).toBe(0);
  });

  test("shows rows in their packs, and that packing changes no loss", async () => {
    await page.getByRole("tab", { name: "Packs" }).click();
    const packs = page.getByRole("listbox", { name: "Packs" });
    await packs.getByRole("option").first().waitFor({ timeout: 60_000 });
    expect(await packs.locator(".segment").first().getAttribute("title")).toMatch(/Row \d+: \d+ tokens, positions 0–/);
    const first = page.getByRole("region", { name: /Pack 1: Rows/ });
    expect(await first.getByRole("row").count()).toBeGreaterThan(2);
    await page.getByRole("button", { name: "Compare the losses" }).click();
    await page.getByText(/^Equal: \d+ rows/).waitFor({ timeout: 120_000 });
    expect(await graveFindings(page)).toEqual([]);
    await picture(page, "proof-packs");
    await first.scrollIntoViewIfNeeded();
    await first.getByRole("img").locator("path").last().hover();
    expect(await first.locator("tr.hovered").count()).toBe(1);
    await picture(page, "proof-pack");
  });

  test("says at once what a shorter maximum length would cost", async () => {
    await page.getByRole("tab", { name: "Length and packing" }).click();
    const slider = page.getByRole("slider", { name: "Maximum length" });
    const cut = async (): Promise<string> =>
      (await page.locator("dl div", { hasText: "rows over the limit" }).locator("dd.numeric").innerText()).trim();
    expect(await cut()).toBe("0");
    await slider.focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowLeft");
    expect(Number(await cut())).toBeGreaterThan(0);
    await page.getByText("not known until a first run").waitFor();
    await page.getByText("estimate from the model's shape").waitFor();
    const lost = async (policy: string): Promise<number> =>
      Number(
        ((await page.getByRole("row", { name: policy }).getByRole("cell").nth(1).textContent()) ?? "").replace(
          /\D/g,
          "",
        ),
      );
    expect(await lost("They are left out")).toBeGreaterThan(await lost("Their end is cut"));
    expect(await lost("A row for each answer")).toBe(await lost("Their end is cut"));
    await page.getByRole("radio", { name: "Their end is cut" }).check();
    expect(await graveFindings(page)).toEqual([]);
    await picture(page, "proof-lengths");
    await page.getByRole("button", { name: "Use this length" }).click();
    await page.getByRole("button", { name: "in use" }).waitFor();
    expect(await graveFindings(page)).toEqual([]);
    await picture(page, "proof-lengths-used");
  });

  test("leaves rows out that train nothing, and takes that back", async () => {
    await goTo(page, "#/template/proof");
    await card(/1 train nothing/)
      .getByRole("button", { name: "Leave these rows out" })
      .click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("nobody answers").waitFor();
    await dialog.getByRole("button", { name: "Leave these rows out" }).click();
    await card(/train nothing/).waitFor({ state: "detached", timeout: 60_000 });
    await page.getByRole("button", { name: "Undo" }).click();
    await card(/1 train nothing/).waitFor({ timeout: 60_000 });
  });

  test("waives a class with a reason, says when that is void, and takes it back", async () => {
    await card(/1 train nothing/)
      .getByRole("button", { name: "Waive this class" })
      .click();
    const dialog = page.getByRole("dialog");
    const waive = dialog.getByRole("button", { name: "Waive this class" });
    expect(await waive.isDisabled()).toBe(true);
    await dialog.getByLabel("Reason").fill("asked on purpose");
    expect(await graveFindings(page)).toEqual([]);
    await picture(page, "proof-waive");
    await dialog.getByLabel("Reason").press("Enter");
    await card(/1 train nothing/)
      .getByText("waived: 1 row")
      .waitFor();
    await page.reload();
    await card(/1 train nothing/)
      .getByText("“asked on purpose”")
      .waitFor();
    await picture(page, "proof-waived");
    await goTo(page, "#/train");
    await page.getByText("waived: 1 row").waitFor();
    await goTo(page, "#/template/proof/lengths");
    const slider = page.getByRole("slider", { name: "Maximum length" });
    await slider.focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("button", { name: "Use this length" }).click();
    await page.getByRole("tab", { name: /Findings/ }).click();
    await card(/1 train nothing/)
      .getByText("It was given under other settings.")
      .waitFor({ timeout: 60_000 });
    await picture(page, "proof-waiver-void");
    await card(/1 train nothing/)
      .getByRole("button", { name: "Take it back" })
      .click();
    await card(/1 train nothing/)
      .getByText("waiver void")
      .waitFor({ state: "detached" });
  });

  test("hands out a report that holds no markup of the data", async () => {
    await goTo(page, "#/template/proof");
    await card(/train nothing/).waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Export the report" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: "As HTML" }).click(),
    ]);
    const text = await readFile(await download.path(), "utf8");
    expect(text).toContain("train nothing");
    expect(text).not.toContain("<b>bold</b>");
    expect(text).toContain("Packs by how full they are");
    await page.getByRole("button", { name: "Export the report" }).click();
    const [json] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: "As JSON" }).click(),
    ]);
    const { packing, rows } = JSON.parse(await readFile(await json.path(), "utf8")) as {
      rows: number;
      packing: { packs: number; rowsRead: number };
    };
    expect(packing.rowsRead).toBe(rows);
    expect(packing.packs).toBeGreaterThan(0);
    expect(errors).toEqual([]);
  });
});
