import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { repositoryRoot } from "../test/shared.ts";

/** Another Python with transformers and datasets: SIFT_BENCH_PYTHON. */
const venv = join(repositoryRoot, "node_modules", ".cache", "sift-encode-peer");
const venvPython = join(venv, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
const PACKAGES = ["datasets==5.2.0", "transformers==5.23.0", "jinja2==3.1.6"];

const measured = v.object({ rows: v.number(), seconds: v.number(), sha256: v.string() });
export type PeerRun = v.InferOutput<typeof measured>;

/** What the peer encodes. */
export interface PeerJob {
  readonly data: string;
  readonly tokenizer: string;
  readonly template: string;
  readonly processes: number;
}

/** A Python with the peer's packages, installed from PyPI where there is none yet; a text that says what is missing otherwise. */
export function peerPython(): { readonly python: string } | { readonly missing: string } {
  const chosen = process.env["SIFT_BENCH_PYTHON"];
  if (chosen !== undefined) return { python: chosen };
  if (existsSync(venvPython)) return { python: venvPython };
  if (!succeeds("python3", ["-m", "venv", venv])) return { missing: "no python3 that can make an environment" };
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...PACKAGES];
  return succeeds(venvPython, install)
    ? { python: venvPython }
    : { missing: `pip could not install ${PACKAGES.join(", ")}` };
}

const succeeds = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;

/** One run of bench/encode_peer.py in a process of its own. @throws Error where it fails */
export function runPeer(python: string, { data, tokenizer, template, processes }: PeerJob): PeerRun {
  const script = join(repositoryRoot, "bench", "encode_peer.py");
  const { status, stdout, stderr } = spawnSync(python, [script, data, tokenizer, template, String(processes)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the peer ended with ${status ?? "a signal"}: ${stderr.slice(-2000)}`);
  return v.parse(measured, JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
}
