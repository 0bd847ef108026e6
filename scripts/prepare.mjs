// npm's `prepare`: builds `out/` after `npm ci`, and does nothing when it is up to date. npx runs `prepare` as well the
// first time it meets a checkout; a build then would take files away from a Sift that is running.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "out", ".built");
const SOURCES = [
  "src-shared",
  "src-main",
  "src-worker",
  "src-renderer",
  "electron.vite.config.ts",
  "package-lock.json",
];

/** Newest change below a file or folder, in milliseconds since the epoch; a folder's own time tells of removed files. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stats.mtimeMs);
}

const started = new Date();
const changed = Math.max(...SOURCES.map((name) => newest(join(root, name))));
if (!existsSync(stamp) || statSync(stamp).mtimeMs < changed) {
  const program = join(root, "node_modules", "electron-vite", "bin", "electron-vite.js");
  const { status, error } = spawnSync(process.execPath, [program, "build", "--logLevel", "warn"], {
    cwd: root,
    stdio: "inherit",
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, "");
  utimesSync(stamp, started, started);
}
