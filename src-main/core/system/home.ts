import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Where everything of a data home lies. */
export interface HomePaths {
  readonly home: string;
  readonly database: string;
  readonly lock: string;
  readonly uploads: string;
  readonly snapshots: string;
  /** What can be made again; may be removed while nothing runs. */
  readonly cache: string;
  /** Output folders of runs that were started in the workbench. */
  readonly runs: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `--home`, else `$SIFT_HOME`, else the platform's data folder. */
export function dataHome(explicit: string | undefined, env: Environment = process.env): string {
  const chosen = explicit ?? env["SIFT_HOME"];
  if (chosen !== undefined && chosen !== "") return resolve(chosen);
  if (process.platform === "win32") return join(env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "Sift");
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support", "Sift");
  return join(env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "sift");
}

/** Makes the folders of a data home. */
export function prepareHome(home: string): HomePaths {
  const paths: HomePaths = {
    home,
    database: join(home, "sift.db"),
    lock: join(home, "core.lock"),
    uploads: join(home, "uploads"),
    snapshots: join(home, "snapshots"),
    cache: join(home, "cache"),
    runs: join(home, "runs"),
  };
  for (const folder of [home, paths.uploads, paths.snapshots, paths.runs]) mkdirSync(folder, { recursive: true });
  return paths;
}
