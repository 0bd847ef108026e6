import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { applicationRoot } from "../entries.ts";

export type DesktopBinary =
  { readonly kind: "found"; readonly file: string } | { readonly kind: "missing"; readonly reason: string };

/** Electron's binary, if a window can be shown here; else the one line that says why not. Never downloads anything. */
export function desktopBinary(env: NodeJS.ProcessEnv = process.env): DesktopBinary {
  const missing = (reason: string): DesktopBinary => ({ kind: "missing", reason });
  const file = electronFile(env);
  if (file === undefined) return missing("Electron's binary is not installed (`npx install-electron` fetches it)");
  if (!hasScreen(env)) return missing("this session has no screen");
  if (process.platform === "linux" && process.getuid?.() === 0) {
    return missing("Electron's sandbox does not work for the user root");
  }
  return { kind: "found", file };
}

/** `path.txt` is written by the package's download; its `index.js` would start one. */
function electronFile(env: NodeJS.ProcessEnv): string | undefined {
  const folder = join(applicationRoot, "node_modules", "electron");
  const pathFile = join(folder, "path.txt");
  const name = existsSync(pathFile) ? readFileSync(pathFile, "utf8").trim() : "electron";
  const file = join(env["ELECTRON_OVERRIDE_DIST_PATH"] ?? join(folder, "dist"), name);
  return existsSync(file) ? file : undefined;
}

export function hasScreen(env: NodeJS.ProcessEnv = process.env): boolean {
  if (process.platform !== "linux") return true;
  return [env["DISPLAY"], env["WAYLAND_DISPLAY"], env["WSL_DISTRO_NAME"]].some(
    (value) => value !== undefined && value !== "",
  );
}

/** Runs the desktop application until it ends; resolves with its exit code. */
export function runDesktop(file: string, home: string): Promise<number> {
  const child = spawn(file, [applicationRoot, "--home", home], { stdio: "inherit" });
  process.on("SIGINT", () => undefined); // the terminal tells the child as well; it asks before a run is stopped
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}
