import { join, resolve } from "node:path";
import { prepareElectron } from "./desktop/electron.ts";
import { run } from "./desktop/run.ts";

/** `npm run dist:dir`: the unpacked application in dist/, around the same Electron that the desktop test runs. */
const root = resolve(import.meta.dirname, "..");
const electron = prepareElectron();
console.log(`packaging around Electron ${electron.version} from ${electron.origin}`);
run(process.execPath, [join(root, "scripts", "prepare.mjs")]);
const builder = join(root, "node_modules", "electron-builder", "cli.js");
const around = [`-c.electronDist=${electron.folder}`, `-c.electronVersion=${electron.version}`];
run(process.execPath, [builder, "--dir", "--config", "electron-builder.config.mjs", ...around], { cwd: root });
