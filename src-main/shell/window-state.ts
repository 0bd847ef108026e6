import { screen } from "electron";
import type { BrowserWindow, Rectangle } from "electron";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as v from "valibot";

const windowState = v.object({
  bounds: v.object({ x: v.number(), y: v.number(), width: v.number(), height: v.number() }),
  maximized: v.boolean(),
});
export type WindowState = v.InferOutput<typeof windowState>;

const DEFAULT_SIZE = { width: 1280, height: 800 };
const SAVE_DELAY_MS = 500;

export function readWindowState(file: string): WindowState | undefined {
  try {
    const state = v.parse(windowState, JSON.parse(readFileSync(file, "utf8")));
    return onSomeScreen(state.bounds) ? state : undefined;
  } catch {
    return undefined; // first start, or a file that we cannot use: the default will do
  }
}

/** A screen may have been unplugged since: a window that nobody can see is worse than one in the default place. */
function onSomeScreen(bounds: Rectangle): boolean {
  return screen.getAllDisplays().some(({ workArea }) => {
    const width = Math.min(bounds.x + bounds.width, workArea.x + workArea.width) - Math.max(bounds.x, workArea.x);
    const height = Math.min(bounds.y + bounds.height, workArea.y + workArea.height) - Math.max(bounds.y, workArea.y);
    return width >= 100 && height >= 100;
  });
}

export const initialBounds = (state: WindowState | undefined): Partial<Rectangle> => state?.bounds ?? DEFAULT_SIZE;

/** Writes the window's place and size shortly after they change and when it closes. */
export function keepWindowState(window: BrowserWindow, file: string): void {
  let timer: NodeJS.Timeout | undefined;
  const save = () => {
    clearTimeout(timer);
    writeState(file, { bounds: window.getNormalBounds(), maximized: window.isMaximized() });
  };
  const saveSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_DELAY_MS);
  };
  window.on("resize", saveSoon);
  window.on("move", saveSoon);
  window.on("close", save);
  window.on("closed", () => clearTimeout(timer));
}

function writeState(file: string, state: WindowState): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}
