import type { Locator, Page } from "playwright-core";
import type { Look } from "./browser.ts";

/** Another place of the app without loading the page anew. */
export async function goTo(page: Page, hash: string): Promise<void> {
  await page.goto(new URL(hash, page.url()).href);
}

/** Waits until `read` answers what `wanted` accepts; its last answer is in the error. */
export async function eventually<T>(read: () => Promise<T>, wanted: (value: T) => boolean, seconds = 20): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await read();
    if (wanted(value)) return value;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(value)} after ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The numbers of "12 of 96 tokens trained (12.5%)". */
export async function trainedTokens(where: Page | Locator): Promise<{ trained: number; all: number }> {
  const text = await where
    .getByText(/ of [\d,]+ tokens trained/)
    .first()
    .innerText();
  const [trained = Number.NaN, all = Number.NaN] = (text.match(/[\d,]+/g) ?? []).map((n) =>
    Number(n.replaceAll(",", "")),
  );
  return { trained, all };
}

/** Sets the value of a plain text field by its label and leaves it, as a person does. */
export async function setField(page: Page, label: string, value: string): Promise<void> {
  const field = page.getByLabel(label, { exact: true });
  await field.fill(value);
  await field.blur();
}

/** From the Train view to the page of the started run; answers its name. */
export async function startRun(page: Page): Promise<string> {
  const start = page.getByRole("button", { name: /^(Prove and start|Start)$/ });
  await eventually(() => start.isEnabled(), Boolean);
  await start.click();
  await page.waitForURL(/#\/runs\/.+/, { timeout: 120_000 });
  return page.getByRole("heading", { level: 1 }).innerText();
}

export async function untilDone(page: Page): Promise<void> {
  await page
    .getByText(/It finished \d+ steps/)
    .first()
    .waitFor({ timeout: 240_000 });
}

/** Through the Settings view, whatever language it is in: the choices stand in a fixed order. */
export async function chooseLook(page: Page, { theme, language }: Look): Promise<void> {
  await goTo(page, "#/settings");
  const selects = page.locator('main [aria-haspopup="listbox"]');
  for (const [index, option] of [
    [0, language === "en" ? 1 : 2],
    [1, theme === "light" ? 1 : 2],
  ] as const) {
    await selects.nth(index).click();
    await page.getByRole("option").nth(option).click();
  }
  await page.locator(`html[data-theme="${theme}"]`).waitFor();
}
