import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { applicationRoot } from "../../entries.ts";

/** Workers run the same code as core, so they need what it needs. */
const OLDEST_NODE = 22;

export interface NodeBinary {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The Node to start workers with: this process's own where it is Node ≥ 22 (Electron's own counts and is told to be
 * Node), else the binary of the npm package `node`.
 */
export function nodeBinary(): NodeBinary {
  const recent = Number(process.versions.node.split(".")[0]) >= OLDEST_NODE;
  const electron = process.versions["electron"] !== undefined;
  if (recent) return { path: process.execPath, env: electron ? { ELECTRON_RUN_AS_NODE: "1" } : {} };
  const manifest = createRequire(join(applicationRoot, "package.json")).resolve("node/package.json");
  return { path: join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node"), env: {} };
}
