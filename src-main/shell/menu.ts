import { app, Menu } from "electron";
import type { MenuItemConstructorOptions } from "electron";
import { textsFor } from "./texts.ts";

/** The system's own roles, so that copy, paste, zoom and quit behave as on every platform; Sift's commands are in the page. */
export function installMenu(): void {
  const texts = textsFor(app.getLocale());
  const macOnly: MenuItemConstructorOptions[] = process.platform === "darwin" ? [{ role: "appMenu" }] : [];
  const closing: MenuItemConstructorOptions = process.platform === "darwin" ? { role: "close" } : { role: "quit" };
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...macOnly,
      { label: texts.file, submenu: [closing] },
      { label: texts.edit, role: "editMenu" },
      {
        label: texts.view,
        submenu: [
          { role: "reload" },
          { role: "toggleDevTools" },
          { type: "separator" },
          { role: "resetZoom" },
          { role: "zoomIn" },
          { role: "zoomOut" },
          { type: "separator" },
          { role: "togglefullscreen" },
        ],
      },
      { label: texts.window, role: "windowMenu" },
    ]),
  );
}
