import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "../../shared.ts";

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningSift {
  readonly child: ChildProcess;
  /** The first line of stdout. */
  readonly firstLine: Promise<string>;
  readonly finished: Promise<Finished>;
}

export const newHome = (): Promise<string> => mkdtemp(join(tmpdir(), "sift 家 "));

/** A data home that no test forgets to name: without it a test would write into the developer's own. */
const NO_HOME = join(tmpdir(), "sift-test-without-home");

/** Starts the command line from the sources, in a process of its own, without a screen. */
export function startSift(args: readonly string[], options: { cwd?: string } = {}): RunningSift {
  const { DISPLAY: _, WAYLAND_DISPLAY: __, ...env } = process.env;
  const child = spawn(process.execPath, [join(repositoryRoot, "src-main/cli/main.ts"), ...args], {
    cwd: options.cwd ?? repositoryRoot,
    env: { ...env, SIFT_HOME: NO_HOME },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  let heard: (line: string) => void = () => undefined;
  const firstLine = new Promise<string>((resolve) => (heard = resolve));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    const end = stdout.indexOf("\n");
    if (end >= 0) heard(stdout.slice(0, end));
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      heard("");
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, firstLine, finished };
}

export const sift = (args: readonly string[], options: { cwd?: string } = {}): Promise<Finished> =>
  startSift(args, options).finished;
