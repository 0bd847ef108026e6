import { BrowserWindow, ipcMain, MessageChannelMain, shell } from "electron";
import { join } from "node:path";
import { applicationRoot } from "../entries.ts";
import { APP_ORIGIN } from "./app-scheme.ts";
import { CHANNELS } from "./channels.ts";
import type { CoreProcess } from "./core-process.ts";
import { fromOurPage } from "./dialogs.ts";
import { initialBounds, keepWindowState, readWindowState } from "./window-state.ts";

/** The one window: sandboxed, isolated, without Node; it can reach nothing but its own page and the contract's port. */
export function openWindow(stateFile: string): BrowserWindow {
  const state = readWindowState(stateFile);
  const window = new BrowserWindow({
    ...initialBounds(state),
    minWidth: 640,
    minHeight: 480,
    show: false,
    backgroundColor: "#111318",
    autoHideMenuBar: true,
    webPreferences: {
      preload: join(applicationRoot, "out", "preload", "index.cjs"),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  });
  if (state?.maximized) window.maximize();
  window.once("ready-to-show", () => window.show());
  keepWindowState(window, stateFile);
  stayAtHome(window);
  void window.loadURL(`${APP_ORIGIN}/`);
  return window;
}

/** No navigation away, no new windows; a link to the web opens in the browser. No permission but writing to the clipboard. */
function stayAtHome(window: BrowserWindow): void {
  const { webContents } = window;
  webContents.on("will-navigate", (event, url) => {
    if (!url.startsWith(`${APP_ORIGIN}/`)) event.preventDefault();
  });
  webContents.setWindowOpenHandler(({ url }) => {
    if (url.startsWith("https://")) void shell.openExternal(url);
    return { action: "deny" };
  });
  webContents.session.setPermissionRequestHandler((_contents, permission, decide) => {
    decide(permission === "clipboard-sanitized-write");
  });
}

/** Gives each page that asks a fresh port to the core of the moment (a reload asks again; a restarted core too). */
export function handOutPorts(currentCore: () => CoreProcess): void {
  ipcMain.on(CHANNELS.requestPort, (event) => {
    if (!fromOurPage(event.senderFrame)) return;
    const { port1, port2 } = new MessageChannelMain();
    currentCore().connect(port1);
    event.senderFrame?.postMessage(CHANNELS.port, null, [port2]);
  });
}
