import { spawn, spawnSync } from "node:child_process";

/** Runs a program to its end with its output shown; throws with the command when it fails. */
export function run(command: string, args: readonly string[], options: { cwd?: string; quiet?: boolean } = {}): void {
  const { status, error } = spawnSync(command, args, {
    stdio: options.quiet ? ["ignore", "ignore", "inherit"] : ["ignore", "inherit", "inherit"],
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`\`${[command, ...args].join(" ")}\` ended with ${status}`);
}

/** What a program prints, or undefined when it is missing or fails. */
export function output(command: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return status === 0 ? stdout : undefined;
}

export const exists = (program: string): boolean => output("sh", ["-c", `command -v ${program}`]) !== undefined;

/** Runs a program with more environment and resolves with its exit code. */
export function runWith(
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...environment } });
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}
