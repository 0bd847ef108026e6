import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

interface Step {
  readonly parameters: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly tokens_per_second: number;
  readonly peak_gb: number;
}

async function step(...args: string[]): Promise<Step> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "whole-step.ts"), ...args]);
  console.log(stdout.trim());
  return JSON.parse(stdout) as Step;
}

/** A language model that knows nothing: the loss of a uniform guess. */
const GUESS = Math.log(151_936);

describe("a whole model's shape, one real step", () => {
  it.each([
    { name: "Qwen2.5-0.5B with LoRA", args: ["0.5B", "none", "1024"], parameters: 0.49e9, gigabytes: 6 },
    {
      name: "Qwen2.5-0.5B with QLoRA in 4 bits, layers computed again",
      args: ["0.5B", "4bit", "1024", "--recompute"],
      parameters: 0.49e9,
      gigabytes: 3.5,
    },
    {
      name: "Qwen2.5-1.5B with QLoRA in 4 bits, layers computed again",
      args: ["1.5B", "4bit", "512", "--recompute"],
      parameters: 1.5e9,
      gigabytes: 6,
    },
  ])(
    "fits: $name, under $gigabytes GB",
    async ({ args, parameters, gigabytes }) => {
      const made = await step(...args);
      expect(made.parameters).toBeGreaterThan(parameters);
      expect(made.loss).toBeGreaterThan(GUESS - 1);
      expect(made.loss).toBeLessThan(GUESS + 3);
      expect(made.gradNorm).toBeGreaterThan(0);
      expect(made.peak_gb).toBeLessThan(gigabytes);
    },
    600_000,
  );
});
