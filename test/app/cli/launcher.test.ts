import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "../../shared.ts";

const built = join(repositoryRoot, "out", "main", "cli.cjs");
const launcher = join(repositoryRoot, "resources", "bin", "sift.mjs");

/** Nodes of this machine besides the one that runs the tests: an old one must hand over to the package's own. */
const NODES = [process.execPath, "/usr/bin/node", "/usr/local/bin/node"].filter((file) => existsSync(file));

function launch(node: string, args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(node, [launcher, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

describe.skipIf(!existsSync(built))("the launcher (needs `npm run build`)", () => {
  test.each(NODES)("under %s starts the built program and passes its exit code on", async (node) => {
    const help = await launch(node, ["--help"]);
    expect(help.stdout).toMatch(/^Usage: sift/);
    expect(help.code).toBe(0);
    const wrong = await launch(node, ["bogus"]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/unknown command/);
  });
});
