import { spawn } from "node:child_process";
import { exists, output, run } from "./run.ts";
import { missingLibraries } from "./electron.ts";

/** What a bare Linux image lacks to show a window; installed only where something is missing. */
const PACKAGES = ["xvfb", "xauth", "libgtk-3-0", "libnss3", "libasound2", "libgbm1"];

/** Installs what the binary needs to run under a virtual screen, with apt, where it is missing and that is allowed. */
export function prepareDisplay(executable: string): void {
  if (process.platform !== "linux") return;
  const lacks = [...(exists("Xvfb") ? [] : ["Xvfb"]), ...missingLibraries(executable)];
  if (lacks.length === 0) return;
  const manual = `install ${lacks.join(", ")} (on Debian: apt-get install ${PACKAGES.join(" ")})`;
  if (!exists("apt-get") || process.getuid?.() !== 0) throw new Error(`The desktop test needs you to ${manual}.`);
  run("apt-get", ["update", "-qq"]);
  const available = PACKAGES.map(currentName).filter((name) => name !== undefined);
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...available], { quiet: true });
  const still = missingLibraries(executable);
  if (still.length > 0) throw new Error(`${still.join(", ")} still missing after installing ${available.join(" ")}`);
}

/** Debian and Ubuntu renamed some of these with a t64 suffix. */
function currentName(name: string): string | undefined {
  const installable = (candidate: string) => /Candidate: [^(]/.test(output("apt-cache", ["policy", candidate]) ?? "");
  return [`${name}t64`, name].find(installable);
}

export interface VirtualScreen {
  readonly display: string;
  close(): void;
}

/** A screen of its own for the test, on a free display number that Xvfb picks. */
export function startScreen(): Promise<VirtualScreen> {
  const args = ["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"];
  const server = spawn("Xvfb", args, { stdio: ["ignore", "pipe", "ignore"] });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`Xvfb ended with ${code}`)));
    server.stdout.once("data", (chunk: Buffer) => {
      resolve({ display: `:${chunk.toString().trim()}`, close: () => void server.kill() });
    });
  });
}
