import { setTimeout as sleep } from "node:timers/promises";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
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

/**
 * Starts the real application in a real Electron: the packaged one where the script names it, else the built tree under
 * the electron package's binary (or the one that ELECTRON_OVERRIDE_DIST_PATH names).
 */
export async function startDesktop(home: string): Promise<DesktopApp> {
  const packaged = process.env["SIFT_TEST_PACKAGED"];
  const app = packaged === undefined ? await launch(home, [repositoryRoot]) : await launchPackaged(home, packaged);
  const page = await app.firstWindow();
  await page.waitForLoadState("domcontentloaded");
  return { app, page };
}

const LAUNCH_TIMEOUT_MS = 45_000;

function launch(home: string, target: string[], executablePath?: string): Promise<ElectronApplication> {
  // Chromium refuses its own sandbox as root; as anybody else it stays on.
  const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return _electron.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: [...asRoot, "--disable-gpu", ...target, "--home", home],
    cwd: repositoryRoot,
    env: environment(),
    timeout: LAUNCH_TIMEOUT_MS,
  });
}

/**
 * A packaged application cannot be made to wait until the test has attached to it, and an old Chromium may hang when its
 * first page appears in that very moment: then it is started again.
 */
async function launchPackaged(home: string, executable: string): Promise<ElectronApplication> {
  const firstStart = (await readdir(home)).length === 0;
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(home, [], executable);
    } catch (error) {
      if (attempt === 4) throw error;
      await sleep(3000); // its core notices that its window is gone and gives the home back
      if (firstStart) await emptied(home);
    }
  }
}

/** The page had already begun to fill the home: the next attempt must be a first start again. */
async function emptied(home: string): Promise<void> {
  await rm(home, { recursive: true, force: true });
  await mkdir(home);
}

function environment(): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(entries), SIFT_NODE: process.execPath };
}

interface Answers {
  /** Button of the next questions. */
  readonly button: number;
  /** What the file dialog gives. */
  readonly paths: string[];
}

/** Answers the operating system's dialogs, which no test can click: the only thing here that is not the real one. */
export function answerDialogs(app: ElectronApplication, answers: Answers): Promise<void> {
  return app.evaluate(({ dialog }, { button, paths }) => {
    const seen = globalThis as { questions?: number };
    seen.questions = 0;
    dialog.showMessageBox = () => {
      seen.questions = (seen.questions ?? 0) + 1;
      return Promise.resolve({ response: button, checkboxChecked: false });
    };
    dialog.showOpenDialog = () => Promise.resolve({ canceled: paths.length === 0, filePaths: paths });
  }, answers);
}

/** Questions since `answerDialogs`. */
export function questionsAsked(app: ElectronApplication): Promise<number> {
  return app.evaluate(() => (globalThis as { questions?: number }).questions ?? 0);
}
