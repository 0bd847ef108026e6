import { BrowserWindow, dialog, ipcMain } from "electron";
import type { OpenDialogOptions } from "electron";
import * as v from "valibot";
import { APP_ORIGIN } from "./app-scheme.ts";
import { CHANNELS } from "./channels.ts";

const dialogOptions = v.object({
  title: v.string(),
  kind: v.picklist(["files", "folder"]),
  filters: v.array(v.object({ name: v.string(), extensions: v.array(v.string()) })),
});

/** True for a message from our own page: an address that navigated elsewhere gets no native help. */
export const fromOurPage = (frame: { readonly url: string } | null): boolean =>
  frame?.url.startsWith(`${APP_ORIGIN}/`) ?? false;

/** Native file and folder dialogs for the page. */
export function answerDialogs(): void {
  ipcMain.handle(CHANNELS.pickPaths, async (event, options: unknown): Promise<string[]> => {
    const parent = BrowserWindow.fromWebContents(event.sender);
    if (!parent || !fromOurPage(event.senderFrame)) return [];
    const { title, kind, filters } = v.parse(dialogOptions, options);
    const properties: OpenDialogOptions["properties"] =
      kind === "folder" ? ["openDirectory"] : ["openFile", "multiSelections"];
    const { canceled, filePaths } = await dialog.showOpenDialog(parent, { title, properties, filters });
    return canceled ? [] : filePaths;
  });
}
