import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as v from "valibot";
import { repositoryRoot } from "../../shared.ts";

const BIN = join(repositoryRoot, "resources/bin/sift.mjs");
const PAGE = join(repositoryRoot, "out/renderer/index.html");
const served = v.object({ url: v.string(), port: v.number() });

export interface Workbench {
  readonly url: string;
  readonly home: string;
  /** Ends the core; the data home stays. */
  stop(): Promise<void>;
  /** Starts it again on the same home and port. */
  start(): Promise<void>;
  /** Ends the core and removes the home. */
  dispose(): Promise<void>;
}

/** `sift serve` as a user starts it: the built program, a data home of its own (with a space and 中文 in its path). */
export async function startWorkbench(): Promise<Workbench> {
  if (!existsSync(PAGE)) throw new Error(`${PAGE} is missing: npm run build`);
  const folder = await mkdtemp(join(tmpdir(), "sift-e2e-"));
  const home = join(folder, "数据 home");
  let url = "";
  let port = 0;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [BIN, "serve", "--json", "--home", home, "--port", String(port)], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, HF_HOME: join(folder, "no-models"), MODELSCOPE_CACHE: join(folder, "no-models") },
    });
    ({ url, port } = v.parse(served, JSON.parse(await firstLine(child))));
  };
  const stop = async (): Promise<void> => {
    if (!child || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await gone;
  };
  await start();
  return {
    get url() {
      return url;
    },
    home,
    start,
    stop,
    dispose: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) =>
      reject(new Error(`sift serve ended with ${String(code)} before it printed its address`)),
    );
    if (child.stdout) createInterface({ input: child.stdout }).once("line", resolve);
  });
}
