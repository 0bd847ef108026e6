import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newHome, startDesktop } from "./desktop-app.ts";
import type { DesktopApp } from "./desktop-app.ts";

const VIEWS = ["home", "data", "template", "train", "runs", "models", "chat", "settings"] as const;

/** The oldest Chromium that the window may be: whatever is too new for it shows here as an error of the page. */
describe("every view in this Electron", () => {
  let desktop: DesktopApp;
  const errors: string[] = [];
  beforeAll(async () => {
    desktop = await startDesktop(await newHome());
    desktop.page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
    await desktop.page.getByText("Welcome to Sift").waitFor();
  });
  afterAll(() => desktop.app.close());

  test.each(VIEWS)("%s opens and throws nothing", async (view) => {
    const { page } = desktop;
    await page.evaluate(`window.location.hash = "#/${view}"`);
    await page.locator("main h1, main h2").first().waitFor();
    if (view === "template") await page.locator(".token.trained").first().waitFor();
    await page.waitForTimeout(500);
    expect(await page.getByText("Not encoded in this page").count(), "the page's worker runs").toBe(0);
    expect(errors).toEqual([]);
  });

  test("a conversation opens with its tokens, the palette and a dialog over it", async () => {
    const { page } = desktop;
    await page.evaluate(`window.location.hash = "#/data"`);
    await page.getByRole("link", { name: /Sample/ }).click();
    await page.locator(".token.trained").first().waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("region", { name: "Tokens" }).getByRole("button", { name: "sample" }).click();
    await page.getByRole("dialog").getByText("Choose a base model").waitFor();
    await page.keyboard.press("Escape");
    expect(errors).toEqual([]);
  });
});
