#!/usr/bin/env node
// Starts the built command line. Where the current Node is older than the program needs, the same command runs again
// under the Node that the npm package `node` brought.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED_MAJOR = 22;
const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, "../../out/main/cli.cjs");

const fail = (message) => {
  process.stderr.write(`sift: ${message}\n`);
  process.exit(1);
};

function bundledNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("node/package.json"));
    return ["bin/node", "bin/node.exe"].map((name) => join(folder, name)).find((file) => existsSync(file));
  } catch {
    return undefined;
  }
}

function runAgainUnder(node) {
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`could not start ${node}: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

if (!existsSync(program)) fail(`${program} is missing. Build it with "npm run build" (npm ci does it by itself).`);

if (Number(process.versions.node.split(".")[0]) >= NEEDED_MAJOR) {
  createRequire(import.meta.url)(program);
} else {
  const node = bundledNode();
  if (node === undefined) {
    fail(
      `Node ${NEEDED_MAJOR} or newer is needed, this is ${process.versions.node}, and the package "node" is not installed.`,
    );
  }
  runAgainUnder(node);
}
