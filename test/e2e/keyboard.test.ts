import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser, openWindow } from "./support/browser.ts";
import { eventually, untilDone } from "./support/steps.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

const MOST_STOPS = 150;

/** The main job once more with no mouse: only keys are pressed, and what has the focus is found by its name. */
describe("by keyboard alone", () => {
  let workbench: Workbench;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    workbench = await startWorkbench();
    browser = await launchBrowser();
    page = await (await openWindow(browser, errors)).newPage();
    await page.goto(workbench.url);
    await page.getByRole("heading", { name: "Train", level: 1 }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await workbench?.dispose();
  });

  const press = (...keys: string[]) =>
    keys.reduce((last, key) => last.then(() => page.keyboard.press(key)), Promise.resolve());
  /** Accessible name of what has the focus, near enough: label, aria-label, or its text. */
  const focused = async (): Promise<string> =>
    String(
      await page.evaluate(`(() => {
        let at = document.activeElement;
        while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
        if (at === document.body || at?.id === "main") return "";
        const label = at?.id ? document.querySelector('label[for="' + at.id + '"]')?.textContent : "";
        return [at?.getAttribute("aria-label"), label, at?.textContent, at?.value].filter(Boolean).join(" | ").trim();
      })()`),
    );
  /** Tab (or Shift+Tab) until something with this name has the focus. */
  async function tabTo(name: RegExp, key = "Tab"): Promise<void> {
    for (let stop = 0; stop < MOST_STOPS; stop += 1) {
      if (name.test(await focused())) return;
      await press(key);
    }
    throw new Error(`${String(name)} is not reached with ${key}; the focus is on: ${await focused()}`);
  }
  async function command(text: string): Promise<void> {
    await press("Control+k");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.type(text);
    await page.waitForTimeout(250);
    await press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }

  test("the first stop skips the rail", async () => {
    await press("Tab");
    expect(await focused()).toContain("Skip to content");
    await press("Enter");
    await tabTo(/Got it/);
    await press("Enter");
  });

  test("review: rows, verdicts, an edit, undo", async () => {
    await press("Alt+2");
    await page.getByRole("heading", { name: "Data", level: 1 }).waitFor();
    await tabTo(/^Sample/);
    await press("Enter");
    await page.getByRole("article").first().waitFor();
    await press("j", "a", "r");
    await page.getByRole("button", { name: /^Accepted 1$/ }).waitFor();
    await press("e");
    await eventually(focused, (name) => name.includes("Text of turn"));
    await page.keyboard.type(" and more");
    await press("Control+Enter");
    await page.getByText("edited", { exact: true }).first().waitFor();
    await press("z", "z", "z");
    await page.getByRole("button", { name: /^Accepted 0$/ }).waitFor();
  });

  test("template: the mask, a token's reason, the proof", async () => {
    await press("Alt+3");
    await page.locator(".token").first().waitFor();
    await tabTo(/Tokens of the conversation/);
    await press("End");
    await page
      .getByText(/id \d+/)
      .first()
      .waitFor();
    await tabTo(/^Run (proof|again)/);
    await press("Enter");
    await page.getByText(/All \d+ rows are fine/).waitFor({ timeout: 60_000 });
  });

  test("train, and train again with another learning rate", async () => {
    for (const rate of [undefined, "5e-4"]) {
      await press("Alt+4");
      await page.getByRole("heading", { name: "Train", level: 1 }).waitFor();
      if (rate !== undefined) {
        await tabTo(/Learning rate/);
        await press("Control+a");
        await page.keyboard.type(rate);
        await press("Tab");
      }
      await eventually(() => page.getByRole("button", { name: /^(Prove and start|Start)$/ }).isEnabled(), Boolean);
      await tabTo(/^(Prove and start|Start)$/, rate === undefined ? "Tab" : "Shift+Tab");
      await press("Enter");
      await page.waitForURL(/#\/runs\/.+/, { timeout: 60_000 });
      await untilDone(page);
    }
  });

  test("compare the two", async () => {
    await press("Alt+5");
    await page.getByRole("heading", { name: "Runs", level: 1 }).waitFor();
    await tabTo(/^Tick .* for comparing/);
    await press("Space", "Tab");
    await tabTo(/^Tick .* for comparing/);
    await press("Space");
    await tabTo(/^Compare 2/, "Shift+Tab");
    await press("Enter");
    await page.getByText("learning_rate").first().waitFor();
  });

  test("talk to base and trained model, found through the palette", async () => {
    await command("Chat");
    await page.getByRole("heading", { name: "Chat", level: 1 }).waitFor();
    await eventually(focused, (name) => name.includes("Message to all panes"));
    await page.keyboard.type("Have you heard of rockets?");
    await press("Enter");
    await eventually(
      () => page.getByText("stopped by itself").count(),
      (count) => count >= 2,
      60,
    );
  });

  test("the page threw nothing", () => {
    expect(errors).toEqual([]);
  });
});
