import type { Command } from "commander";
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, freemem, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { lockHolder } from "../core/system/lock.ts";
import { dataHome } from "../core/system/home.ts";
import { applicationRoot, entryPath, rendererFolder } from "../entries.ts";
import { action, EXIT, newCommand } from "./command.ts";
import type { CommonOptions } from "./command.ts";
import { desktopBinary } from "./desktop-binary.ts";
import { table } from "./output.ts";

interface Check {
  readonly name: string;
  /** `note`: works, but worth knowing. */
  readonly state: "ok" | "note" | "problem";
  readonly detail: string;
}

/** `sift doctor`: what this installation can and cannot do here; exit 1 when something needed is broken. */
export function doctorCommand(): Command {
  const command = newCommand("doctor").description("check this installation and say what it can do here");
  return action<CommonOptions>(command, ({ options, output }) => {
    const checks = [
      node(),
      machine(),
      home(dataHome(options.home)),
      nativeModule("better-sqlite3", "the database"),
      nativeModule("onnxruntime-node", "the engine"),
      built(),
      desktop(),
    ];
    const healthy = checks.every(({ state }) => state !== "problem");
    const sign = { ok: "ok", note: "note", problem: "PROBLEM" };
    output.result({ healthy, checks }, () => table(checks.map((c) => [sign[c.state], c.name, c.detail])));
    return Promise.resolve(healthy ? EXIT.ok : EXIT.failed);
  });
}

function node(): Check {
  const recent = Number(process.versions.node.split(".")[0]) >= 22;
  const detail = `${process.versions.node} (${process.platform} ${process.arch})`;
  return { name: "Node", state: recent ? "ok" : "problem", detail };
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

function machine(): Check {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? "unknown processor";
  const memory = `${gibibytes(freemem())} of ${gibibytes(totalmem())} memory free`;
  return { name: "Machine", state: "ok", detail: `${processors.length} × ${model}, ${memory}` };
}

/** Writable as far as it exists, who holds it, and how much room there is. */
function home(folder: string): Check {
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK);
  } catch {
    return { name: "Data home", state: "problem", detail: `${folder} cannot be written` };
  }
  const { bavail, bsize } = statfsSync(existing);
  const holder = lockHolder(join(folder, "core.lock"));
  const held = holder ? `, held by process ${holder.pid}` : "";
  return { name: "Data home", state: "ok", detail: `${folder}, ${gibibytes(bavail * bsize)} free${held}` };
}

/** Loads the module for real: a missing prebuild shows only then. */
function nativeModule(name: string, purpose: string): Check {
  try {
    const require = createRequire(join(applicationRoot, "package.json"));
    require(name);
    return { name, state: "ok", detail: `loads (${purpose})` };
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    return { name, state: "problem", detail: `does not load, and ${purpose} needs it: ${reason}` };
  }
}

function built(): Check {
  const missing = [entryPath("worker"), join(rendererFolder(), "index.html")].filter((file) => !existsSync(file));
  if (missing.length === 0) return { name: "Build", state: "ok", detail: "worker and page are there" };
  return { name: "Build", state: "problem", detail: `${missing.join(", ")} missing: run \`npm run build\`` };
}

function desktop(): Check {
  const binary = desktopBinary();
  if (binary.kind === "found") return { name: "Desktop window", state: "ok", detail: binary.file };
  return { name: "Desktop window", state: "note", detail: `no: ${binary.reason}; the browser is used` };
}
