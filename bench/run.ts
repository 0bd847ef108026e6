import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot, sharedPath } from "../test/shared.ts";

/**
 * The benchmark: prints JSON lines. The training step runs in turn with PyTorch's (`../shared/bench/torch_peers.py tuned`),
 * each in a process of its own, and the last line gives the ratios of the medians.
 *
 * usage: npm run bench [-- --rounds 2 | --prepare]
 *   --prepare installs torch, transformers and peft into .cache/bench-venv. Another Python with them: SIFT_BENCH_PYTHON.
 */

const venv = join(repositoryRoot, ".cache", "bench-venv");
const venvPython = join(venv, "bin", "python");

interface Measured {
  readonly tokensPerSecond: number;
  readonly peakGb: number;
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout } = spawnSync(command, args, {
    cwd: repositoryRoot,
    encoding: "utf8",
    env: { ...process.env, HF_HUB_OFFLINE: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status ?? "a signal"}`);
  return stdout.trim().split("\n").at(-1) ?? "";
}

function prepare(): void {
  run("python3", ["-m", "venv", venv]);
  run(venvPython, ["-m", "pip", "install", "--quiet", "torch", "transformers", "peft"]);
}

function measureOurs(): Measured {
  const line = run(process.execPath, [join("bench", "training-step.ts")]);
  console.log(line);
  const { tokens_per_second, peak_gb } = JSON.parse(line) as { tokens_per_second: number; peak_gb: number };
  return { tokensPerSecond: tokens_per_second, peakGb: peak_gb };
}

/** PyTorch's side, or undefined with a line that says what is missing. */
function measurePeer(): Measured | undefined {
  const chosen = process.env["SIFT_BENCH_PYTHON"];
  const python = chosen ?? (existsSync(venvPython) ? venvPython : undefined);
  const script = sharedPath("bench", "torch_peers.py");
  const tokenizer = sharedPath("tokenizers", "qwen2_5");
  const data = sharedPath("datasets", "belle_267.jsonl");
  if (python === undefined || script === undefined || tokenizer === undefined || data === undefined) {
    const missing =
      python === undefined ? "no Python with torch (npm run bench -- --prepare)" : "../shared is not there";
    console.log(JSON.stringify({ bench: "lora-step", peer: "torch tuned", skipped: missing }));
    return undefined;
  }
  const line = run(python, [script, "tuned", tokenizer, data]);
  console.log(line);
  const { tok_s, rss_gb } = JSON.parse(line) as { tok_s: number; rss_gb: number };
  return { tokensPerSecond: tok_s, peakGb: rss_gb };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

function main(): void {
  if (process.argv.includes("--prepare")) prepare();
  const at = process.argv.indexOf("--rounds");
  const rounds = at < 0 ? 1 : Number(process.argv[at + 1]);
  const ours: Measured[] = [];
  const peer: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(measureOurs());
    const measured = measurePeer();
    if (measured) peer.push(measured);
  }
  if (peer.length === 0) return;
  const ratio = (pick: (m: Measured) => number): number =>
    Number((median(ours.map(pick)) / median(peer.map(pick))).toFixed(2));
  const speed = ratio((m) => m.tokensPerSecond);
  const memory = ratio((m) => m.peakGb);
  console.log(
    JSON.stringify({
      bench: "lora-step",
      speed_ratio: speed,
      wanted_at_least: 1.3,
      memory_ratio: memory,
      allowed_at_most: 2,
    }),
  );
}

main();
