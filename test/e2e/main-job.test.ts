import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graveFindings } from "./support/axe.ts";
import { launchBrowser, LOOKS, openWindow } from "./support/browser.ts";
import { picture } from "./support/pictures.ts";
import { chooseLook, eventually, goTo, setField, startRun, trainedTokens, untilDone } from "./support/steps.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

/** The whole of the main job on the sample project, as a person who starts Sift for the first time goes through it. */
describe("from the first start to a model that one can talk to", () => {
  let workbench: Workbench;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];
  const runs: string[] = [];

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

  test("the first start leads to the sample project, one click from training", async () => {
    await page.goto(workbench.url);
    await page.getByRole("heading", { name: "Train", level: 1 }).waitFor();
    await page.getByText("Welcome to Sift").waitFor();
    await eventually(() => page.getByRole("button", { name: /^(Prove and start|Start)$/ }).isEnabled(), Boolean);
    expect(page.url()).not.toContain("token");
    await picture(page, "1-first-start");
    await page.getByRole("button", { name: "Got it" }).click();
  });

  test("the sample's conversations are in Data, with their tokens", async () => {
    await goTo(page, "#/data");
    await page.getByRole("link", { name: /Sample/ }).click();
    await page.getByRole("article").first().waitFor();
    const { trained, all } = await eventually(
      () => trainedTokens(page.getByRole("region", { name: "Tokens" })),
      ({ trained }) => trained > 0,
    );
    expect(trained).toBeLessThan(all);
    await picture(page, "2-data");
  });

  test("the token view follows template, mask and a pointed token live", async () => {
    await goTo(page, "#/template");
    const before = await eventually(
      () => trainedTokens(page),
      ({ trained }) => trained > 0,
    );
    // The first token of a row is never scored, whatever the mask says.
    await page.getByRole("radio", { name: /Everything/ }).check();
    await eventually(
      () => trainedTokens(page),
      ({ trained, all }) => trained >= all - 1 && all === before.all,
    );
    await page.getByRole("radio", { name: /Every answer/ }).check();
    await eventually(
      () => trainedTokens(page),
      ({ trained }) => trained === before.trained,
    );
    await page.locator(".token.trained").nth(1).hover();
    await page
      .getByText(/the template marks it as generated|it is the content of a trained message/)
      .first()
      .waitFor();
    await picture(page, "3-template");
    const editor = page.getByRole("textbox", { name: "Template text (Jinja)" });
    await editor.click();
    await page.keyboard.press("Control+Home");
    await page.keyboard.type("Edited! ");
    const edited = await eventually(
      () => trainedTokens(page),
      ({ all }) => all > before.all,
    );
    expect(edited.trained).toBe(before.trained);
    await page.keyboard.press("Control+End");
    await page.keyboard.type("\n{% if x ");
    await page.getByRole("alert").first().waitFor();
    await picture(page, "3-template-error");
    await page.getByRole("button", { name: "Discard the draft" }).click();
    await eventually(
      () => trainedTokens(page),
      ({ all }) => all === before.all,
    );
  });

  test("another template than the model's own comes with a warning and the difference", async () => {
    await page.getByLabel("Template", { exact: true }).click();
    await page.getByRole("option", { name: /chatml-human/ }).click();
    await page.getByText("Departs from the model's own template").waitFor();
    await page.getByRole("button", { name: "See the difference" }).click();
    await page.getByRole("dialog").getByText("Chosen").first().waitFor();
    await picture(page, "3-template-difference");
    await page.keyboard.press("Escape");
    await page.getByLabel("Template", { exact: true }).click();
    await page.getByRole("option", { name: /The model's own/ }).click();
    await page.getByText("Departs from the model's own template").waitFor({ state: "detached" });
  });

  test("the proof says that every row is fine", async () => {
    await page.getByRole("button", { name: /^Run (proof|again)/ }).click();
    await page.getByText(/All \d+ rows are fine/).waitFor({ timeout: 60_000 });
    await picture(page, "3-template-proof");
  });

  test("a run shows progress, curves and time left, and survives a closed tab", async () => {
    await goTo(page, "#/train");
    runs.push(await startRun(page));
    await page.getByRole("progressbar").first().waitFor();
    await page
      .getByText(/Step \d+ of \d+/)
      .first()
      .waitFor({ timeout: 60_000 });
    await picture(page, "4-run");
    const address = page.url();
    await page.close();
    page = await context.newPage();
    await page.goto(address);
    await untilDone(page);
    await page.locator(".u-wrap canvas").first().waitFor();
    await picture(page, "4-run-done");
  });

  test("a second run with another learning rate is compared with the first", async () => {
    await goTo(page, "#/train");
    await setField(page, "Learning rate", "5e-4");
    runs.push(await startRun(page));
    await untilDone(page);
    await goTo(page, "#/runs");
    for (const name of runs) await page.getByRole("checkbox", { name: `Tick ${name} for comparing` }).check();
    await picture(page, "5-runs");
    await page.getByRole("button", { name: "Compare 2" }).click();
    await page.getByText("learning_rate").first().waitFor();
    await page.locator(".u-wrap canvas").first().waitFor();
    await picture(page, "5-compare");
  });

  test("the trained model and the base model answer side by side", async () => {
    await goTo(page, "#/runs");
    await page.getByRole("link", { name: runs[0] ?? "" }).click();
    await page.getByRole("button", { name: "Chat" }).click();
    const panes = page.getByRole("region", { name: /^Pane \d/ });
    await eventually(
      () => panes.count(),
      (count) => count === 2,
    );
    await page.getByLabel("Message to all panes").fill("Have you heard of rockets?");
    await page.keyboard.press("Enter");
    await eventually(
      () => page.getByText("stopped by itself").count(),
      (count) => count === 2,
      60,
    );
    const answers = await Promise.all([panes.nth(0).innerText(), panes.nth(1).innerText()]);
    expect(answers.filter((text) => text.includes("Sift says"))).toHaveLength(1);
    await picture(page, "6-chat");
  });

  test.each(LOOKS)("axe finds nothing serious in any view ($theme, $language)", async (look) => {
    await chooseLook(page, look);
    const found: string[] = [];
    for (const [name, hash] of await places()) {
      await goTo(page, hash);
      await page.locator("main h1, main h2").first().waitFor();
      await page.waitForTimeout(700);
      found.push(...(await graveFindings(page)).map((finding) => `${name}: ${finding}`));
      await picture(page, `looks/${name}-${look.theme}-${look.language}`);
    }
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    found.push(...(await graveFindings(page)).map((finding) => `palette: ${finding}`));
    await page.keyboard.press("Escape");
    expect(found).toEqual([]);
  });

  /** Every view, with something in it. */
  async function places(): Promise<[name: string, hash: string][]> {
    const views = ["home", "data", "template", "train", "runs", "models", "chat", "settings"];
    const datasetId = String(await page.evaluate(`JSON.parse(localStorage.getItem("sift.workspace")).datasetId`));
    await goTo(page, "#/runs");
    await page.locator('main a[href^="#/runs/"]').first().waitFor();
    const links: unknown = await page.evaluate(
      `[...document.querySelectorAll('main a[href^="#/runs/"]')].map((each) => each.getAttribute("href"))`,
    );
    const ids = (Array.isArray(links) ? links : []).map((link) => String(link).slice("#/runs/".length));
    return [
      ...views.map((view): [string, string] => [view, `#/${view}`]),
      ["dataset", `#/data/${datasetId}`],
      ["run", `#/runs/${ids[0] ?? ""}`],
      ["compare", `#/compare?runs=${ids.slice(0, 2).join(",")}`],
    ];
  }

  test("the page threw nothing", () => {
    expect(errors).toEqual([]);
  });
});
