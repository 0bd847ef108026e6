import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** A process or thread of ours: its file in the sources and in the build. */
const ENTRIES = {
  core: { source: "src-main/core/serve/desktop.ts", built: "core.cjs" },
  cli: { source: "src-main/cli/main.ts", built: "cli.cjs" },
  worker: { source: "src-worker/main.ts", built: "worker.cjs" },
  "data-thread": { source: "src-main/core/data/thread.ts", built: "data-thread.cjs" },
} as const;
export type EntryName = keyof typeof ENTRIES;

/** The only place that asks where the running code lies: the sources (run by Node directly) or `out/main` (the build). */
const here = import.meta.dirname;

/** True when the program runs from its TypeScript sources. */
export const runsFromSource = existsSync(join(here, "entries.ts"));

/** The folder that holds package.json, `resources` and `out`; in a packaged app, the app's folder. */
export const applicationRoot = runsFromSource ? resolve(here, "..") : findRoot(here);

/** The file to start as `name`; Node runs either kind as it is. */
export function entryPath(name: EntryName): string {
  const entry = ENTRIES[name];
  return runsFromSource ? join(applicationRoot, entry.source) : join(applicationRoot, "out/main", entry.built);
}

/** Files that ship beside the code (`resources/…`). */
export function resourcePath(...parts: string[]): string {
  return join(applicationRoot, "resources", ...parts);
}

/** The built renderer; it may be missing in a source tree that was never built. */
export function rendererFolder(): string {
  return join(applicationRoot, "out", "renderer");
}

/** Entries lie in out/main, shared chunks in out/main/chunks. */
function findRoot(folder: string): string {
  for (let at = folder; ; at = resolve(at, "..")) {
    if (existsSync(join(at, "package.json"))) return at;
    if (resolve(at, "..") === at) return resolve(folder, "../..");
  }
}
