import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { makeJob, readRows, runJob, temporaryFolder, WorkerProcess } from "../engine/train/harness.ts";
import { repositoryRoot } from "../shared.ts";
import { outcome } from "./interruptions.ts";

const folder = join(repositoryRoot, "test", "oracles", "training", "qwen2");

function jobIn(outputDir: string) {
  const rows = readRows(join(folder, "data.jsonl"));
  const config = { finetuning_type: "full", max_steps: 6, save_steps: 2, packing: false, learning_rate: 5e-3 };
  return makeJob({ modelDir: join(folder, "model"), outputDir, rows, evalRows: rows.slice(0, 4), config });
}

/** A limit on the size of files (RLIMIT_FSIZE) stands for a disk that is full: of the log, of a small file, of the weights. */
describe.skipIf(process.platform !== "linux")("a disk that is full at different moments", () => {
  test.each([1, 4, 40, 64])(
    "files of %i KB at most: the run waits, goes on by itself, and loses nothing",
    async (limit) => {
      const home = temporaryFolder();
      await runJob(jobIn(join(home, "whole")));
      const outputDir = join(home, "out");
      const worker = new WorkerProcess({ maxFileKilobytes: limit });
      worker.send({ type: "job", job: jobIn(outputDir) });
      expect(await worker.until((event) => event.type === "paused")).toMatchObject({ reason: "disk-full" });
      worker.allowLargeFiles(); // nobody asks: it looks by itself
      expect(await worker.exit()).toBe(0);
      const [wanted, found] = [outcome(join(home, "whole")), outcome(outputDir)];
      expect(found.history).toEqual(wanted.history);
      for (const [name, bytes] of wanted.files) expect(found.files.get(name)?.equals(bytes), name).toBe(true);
      const messages = (path: string): string[] =>
        readFileSync(join(path, "train.log"), "utf8")
          .trim()
          .split("\n")
          .map((line) => line.split(" - ").slice(0, 3).slice(1).join(" "));
      expect(messages(outputDir)).toEqual(messages(join(home, "whole")));
    },
  );
});

/** A file system in memory over a folder, where one may be mounted. */
function smallDisk(folder: string, megabytes: number): boolean {
  mkdirSync(folder, { recursive: true });
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  if (status === 0) mounted.push(folder);
  return status === 0;
}
const mounted: string[] = [];
afterEach(() => {
  for (const folder of mounted.splice(0)) spawnSync("umount", ["-l", folder]);
});

describe("a small file system", () => {
  test.each([
    ["with too little space for a checkpoint", 20],
    ["that is full to the last byte", 64],
  ])("%s: the run waits, goes on by itself, and loses nothing", async (_, filled) => {
    const home = temporaryFolder();
    await runJob(jobIn(join(home, "whole")));
    const outputDir = join(home, "out");
    const job = jobIn(outputDir);
    if (!smallDisk(outputDir, 24)) return; // not allowed here
    const filler = join(outputDir, "filler");
    spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=1M", `count=${filled}`]);
    const worker = new WorkerProcess();
    worker.send({ type: "job", job });
    const paused = await worker.until((event) => event.type === "paused");
    expect(paused).toMatchObject({ reason: "disk-full", path: outputDir });
    rmSync(filler);
    expect(await worker.exit()).toBe(0);
    const [wanted, found] = [outcome(join(home, "whole")), outcome(outputDir)];
    expect(found.history).toEqual(wanted.history);
    for (const [name, bytes] of wanted.files) expect(found.files.get(name)?.equals(bytes), name).toBe(true);
  });
});
