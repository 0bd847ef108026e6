import { app, dialog } from "electron";
import { join } from "node:path";
import { toErrorReport } from "#shared/errors.ts";
import { dataHome } from "../core/system/home.ts";
import { rendererFolder } from "../entries.ts";
import { declareAppScheme, serveAppScheme } from "./app-scheme.ts";
import { answerDialogs } from "./dialogs.ts";
import { installMenu } from "./menu.ts";
import { Shell } from "./shell.ts";
import { handOutPorts } from "./window.ts";

/** `--home DIR` or `--home=DIR` among the program's arguments. */
function homeArgument(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((argument) => argument === "--home" || argument.startsWith("--home="));
  if (at < 0) return undefined;
  return argv[at]?.includes("=") ? argv[at].slice("--home=".length) : argv[at + 1];
}

async function start(home: string): Promise<void> {
  await app.whenReady();
  await serveAppScheme(rendererFolder());
  installMenu();
  answerDialogs();
  const shell = new Shell(home);
  handOutPorts(() => shell.core);
  app.on("second-instance", () => shell.show());
  app.on("activate", () => shell.show());
  app.on("window-all-closed", () => void shell.leave());
  app.on("before-quit", (event) => {
    if (!shell.gone) event.preventDefault();
    void shell.leave();
  });
  shell.show();
}

const home = dataHome(homeArgument(process.argv));
// The single-instance lock is Electron's lock of this folder: one window a data home.
app.setPath("userData", join(home, "window"));
declareAppScheme();
if (app.requestSingleInstanceLock()) {
  start(home).catch((error: unknown) => {
    dialog.showErrorBox("Sift", toErrorReport(error).message);
    app.exit(1);
  });
} else {
  app.exit(0);
}
