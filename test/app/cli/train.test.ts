import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { sharedPath } from "../../shared.ts";
import { newHome, sift, startSift } from "./sift.ts";
import type { RunningSift } from "./sift.ts";

interface Logged {
  readonly step: number;
  readonly loss?: number;
  readonly grad_norm?: number;
}
interface Expected {
  readonly full: { readonly steps: readonly { loss: number; grad_norm: number }[] };
}
const oracle = sharedPath("oracles", "training", "llama");

async function history(outputDir: string): Promise<Logged[]> {
  const state: unknown = JSON.parse(await readFile(join(outputDir, "trainer_state.json"), "utf8"));
  return (state as { log_history: Logged[] }).log_history.filter((entry) => entry.loss !== undefined);
}

/** Waits until the run has got somewhere: its own word on stderr. */
async function heard(running: RunningSift, pattern: RegExp): Promise<void> {
  let text = "";
  running.child.stderr?.on("data", (chunk: string) => (text += chunk));
  for (let waited = 0; !pattern.test(text); waited += 20) {
    if (waited > 60_000) throw new Error(`never said ${pattern}: ${text}`);
    await sleep(20);
  }
}

describe.skipIf(oracle === undefined)("train (needs shared/oracles)", () => {
  let folder: string;
  let home: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sift 训练 "));
    home = await newHome();
    file = join(folder, "run.yaml");
    const lines = [
      `model_name_or_path: ${join(oracle ?? "", "model")}`,
      `train_files: ${join(oracle ?? "", "data.jsonl")}`,
      "output_dir: out", // counts from this file's folder
      "finetuning_type: full",
      "packing: false",
      "shuffle: false",
      "eval_split: 0",
      "per_device_train_batch_size: 2",
      "gradient_accumulation_steps: 2",
      "learning_rate: 0.002",
      "warmup_steps: 2",
      "weight_decay: 0.01",
      "max_steps: 20",
    ];
    await writeFile(file, lines.join("\n"));
  });

  test("gives the reference curve, exit 0, and the record reproduces it", async () => {
    const { code, stdout, stderr } = await sift(["train", file, "--json", "--home", home]);
    expect(stderr).toMatch(/step 20\/20/);
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as { run: string; output_dir: string };
    expect(result).toMatchObject({ state: "done", step: 20, output_dir: join(folder, "out"), error: null });
    const expected = JSON.parse(await readFile(join(oracle ?? "", "expected.json"), "utf8")) as Expected;
    const curve = await history(result.output_dir);
    expect(curve).toHaveLength(20);
    for (const [i, { loss, grad_norm: norm }] of expected.full.steps.entries()) {
      expect(Math.abs((curve[i]?.loss ?? NaN) - loss)).toBeLessThan(1e-4);
      expect(Math.abs((curve[i]?.grad_norm ?? NaN) / norm - 1)).toBeLessThan(1e-3);
    }

    const again = join(folder, "again.yaml");
    expect((await sift(["export", "run", result.run, "--output", again, "--home", home])).code).toBe(0);
    const second = await sift(["train", again, "--json", "--home", home]);
    expect(second.code).toBe(0);
    const { output_dir: secondDir } = JSON.parse(second.stdout) as { output_dir: string };
    expect((await history(secondDir)).map(({ loss }) => loss)).toEqual(curve.map(({ loss }) => loss));

    const { stdout: listed } = await sift(["runs", "--json", "--home", home]);
    expect((JSON.parse(listed) as { runs: unknown[] }).runs).toHaveLength(2);
    const compared = await sift(["compare", result.run, "r2", "--json", "--home", home]);
    expect(JSON.parse(compared.stdout)).toMatchObject({ comparable: true });

    const finished = await sift(["train", file, "--home", home]);
    expect(finished.code).toBe(1);
    expect(finished.stderr).toMatch(/run-finished/);
  });

  test("chooses the batch by measuring where that is asked for, and its record makes the same run again", async () => {
    const flags = ["--auto_find_batch_size", "true", "--per_device_train_batch_size", "1", "--max_steps", "4"];
    const first = await sift(["train", file, ...flags, "--json", "--home", home]);
    expect(first.stderr).toMatch(/step 4\/4/);
    const { run, output_dir: outputDir } = JSON.parse(first.stdout) as { run: string; output_dir: string };
    const again = join(folder, "again.yaml");
    await sift(["export", "run", run, "--output", again, "--home", home]);
    const yaml = await readFile(again, "utf8");
    const size = (key: string): number => Number(new RegExp(`${key}: (\\d+)`).exec(yaml)?.[1]);
    // the run file's accumulation of 2 is kept: auto decides how its two rows a step are laid out
    expect(size("per_device_train_batch_size") * size("gradient_accumulation_steps")).toBe(2);
    expect(yaml).toMatch(/auto_find_batch_size: false/);
    const second = await sift(["train", again, "--output_dir", join(folder, "second"), "--json", "--home", home]);
    expect(second.code).toBe(0);
    const losses = async (path: string): Promise<unknown[]> => (await history(path)).map(({ loss }) => loss);
    expect(await losses(join(folder, "second"))).toEqual(await losses(outputDir));
  });

  test("Ctrl-C stops and saves: 130; the same command goes on from there", async () => {
    const running = startSift(["train", file, "--max_steps", "400", "--home", home]);
    await heard(running, /step 5\/400/);
    running.child.kill("SIGINT");
    running.child.kill("SIGINT"); // a terminal and a launcher both pass it on
    expect((await running.finished).code).toBe(130);
    const saved = (await readdir(join(folder, "out"))).filter((name) => name.startsWith("checkpoint-"));
    expect(saved).toHaveLength(1);
    const stoppedAt = Number(saved[0]?.slice("checkpoint-".length));
    const resumed = await sift(["train", file, "--max_steps", "400", "--json", "--home", home]);
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ state: "done", step: 400 });
    expect(resumed.stderr).toMatch(new RegExp(`step ${stoppedAt + 1}/400`));
    expect(resumed.stderr).not.toMatch(new RegExp(`step ${stoppedAt}/400`));
  });

  test.each([
    [["--learning_rat", "1"], 1, /learning_rat is not a key.*learning_rate/],
    [["--learning_rate", "fast"], 1, /learning_rate/],
    [["--train_files", "nowhere.jsonl"], 1, /nowhere\.jsonl/],
    [["--model_name_or_path", "nowhere"], 1, /nowhere/],
    [["second.yaml"], 2, /left over/],
  ])("%j is refused and named", async (wrong, expected, message) => {
    const { code, stderr } = await sift(["train", file, ...wrong, "--home", home]);
    expect(stderr).toMatch(message);
    expect(code).toBe(expected);
  });

  test("an output folder that is not empty is refused, nothing in it is touched", async () => {
    await writeFile(join(folder, "keep.txt"), "mine");
    const { code, stderr } = await sift(["train", file, "--output_dir", folder, "--home", home]);
    expect(code).toBe(1);
    expect(stderr).toContain(folder);
    expect(await readFile(join(folder, "keep.txt"), "utf8")).toBe("mine");
  });
});
