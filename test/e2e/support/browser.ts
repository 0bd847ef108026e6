import chromium from "@sparticuz/chromium";
import { chromium as playwright, type Browser, type BrowserContext } from "playwright-core";

/** The package's flags for a one-process browser would end it with its first closed page, and some weaken the page's policy. */
const UNWANTED = /single-process|no-zygote|disable-web-security|insecure|site-isolation/;

/** A real headless Chromium from npm; nothing on the machine is needed. */
export async function launchBrowser(): Promise<Browser> {
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args.filter((flag) => !UNWANTED.test(flag)),
    headless: true,
  });
}

export interface Look {
  readonly theme: "light" | "dark";
  readonly language: "en" | "zh";
}
export const LOOKS: readonly Look[] = [
  { theme: "light", language: "en" },
  { theme: "dark", language: "en" },
  { theme: "light", language: "zh" },
  { theme: "dark", language: "zh" },
];

/** A window of the smallest size that the workbench is made for. Everything that the page throws lands in `errors`. */
export async function openWindow(browser: Browser, errors: string[]): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: "en-US",
    colorScheme: "light",
    acceptDownloads: true,
  });
  context.on("weberror", (event) => errors.push(event.error().stack ?? event.error().message));
  return context;
}
