import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { _electron } from "playwright-core";
import type { ElectronApplication, Page } from "playwright-core";
import { repositoryRoot } from "../shared.ts";

export interface DesktopApp {
  readonly app: ElectronApplication;
  readonly page: Page;
}

export const newHome = (): Promise<string> => mkdtemp(join(tmpdir(), "sift 桌面 "));

/** Starts the real application in a real Electron: the packaged one where the script names it, else the built tree. */
export async function startDesktop(home: string): Promise<DesktopApp> {
  const packaged = process.env["SIFT_TEST_PACKAGED"];
  const executablePath = packaged ?? process.env["SIFT_TEST_ELECTRON"];
  if (executablePath === undefined) throw new Error("run these tests with `npm run test:desktop`");
  // Chromium refuses its own sandbox as root; as anybody else it stays on.
  const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const target = packaged === undefined ? [repositoryRoot] : [];
  const app = await _electron.launch({
    executablePath,
    args: [...asRoot, "--disable-gpu", ...target, "--home", home],
    cwd: repositoryRoot,
    env: environment(),
  });
  const page = await app.firstWindow();
  await page.waitForLoadState("domcontentloaded");
  return { app, page };
}

function environment(): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(entries), SIFT_NODE: process.execPath };
}
