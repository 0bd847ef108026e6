import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lastCheckpoint } from "#main/core/runs/output-dir.ts";
import { CHECKPOINT_MANIFEST, checkpointStep } from "#shared/formats/checkpoint.ts";
import { readTrainerState } from "#shared/formats/trainer-state.ts";
import type { TrainJob } from "#shared/worker/protocol.ts";
import { verifyCheckpoint } from "#worker/train/checkpoints.ts";
import { randomStream } from "#worker/train/random.ts";
import { WorkerProcess } from "../engine/train/harness.ts";

export const WAYS = ["request", "SIGTERM", "SIGKILL", "SIGKILL while saving"] as const;
type Way = (typeof WAYS)[number];

/** Steps after which an interruption comes at the latest, and how long after a step's end, in milliseconds. */
const [MOST_STEPS, MOST_DELAY_MS] = [4, 25];

export interface Interrupted {
  readonly interruptions: Readonly<Record<Way, number>>;
  /** Checkpoint folders that were found neither complete nor absent. */
  readonly torn: readonly string[];
}

/** Runs a job that is interrupted again and again at random, each time resumed from what the last one left, until it is done. */
export async function runInterrupted(job: TrainJob, options: { times: number; seed: number }): Promise<Interrupted> {
  const random = randomStream(options.seed, "interruptions");
  const interruptions: Record<Way, number> = { request: 0, SIGTERM: 0, SIGKILL: 0, "SIGKILL while saving": 0 };
  const torn: string[] = [];
  for (let n = 0; ; n++) {
    const resumeFrom = lastCheckpoint(job.outputDir)?.path ?? null;
    const worker = new WorkerProcess();
    worker.send({ type: "job", job: { ...job, resumeFrom } });
    const way = n < options.times ? WAYS[n % WAYS.length] : undefined;
    if (way !== undefined) await interrupt(worker, way, random);
    const code = await worker.exit();
    torn.push(...(await tornFolders(job.outputDir)));
    if (code === 0) return { interruptions, torn };
    const failed = worker.events.find((event) => event.type === "failed");
    if (failed) throw new Error(`attempt ${n} failed: ${failed.error.message}`);
    if (way !== undefined) interruptions[way] += 1;
  }
}

async function interrupt(worker: WorkerProcess, way: Way, random: () => number): Promise<void> {
  const after = 1 + Math.floor(random() * MOST_STEPS);
  const delay = random() * MOST_DELAY_MS;
  let [steps, saves] = [0, 0];
  await worker.until((event) => {
    if (event.type === "step") steps += 1;
    if (event.type === "phase" && event.phase === "saving") saves += 1;
    const due = way === "SIGKILL while saving" ? saves > 0 : steps >= after;
    return due;
  });
  await sleep(way === "SIGKILL while saving" ? delay / 2 : delay);
  if (way === "request") worker.send({ type: "stop", mode: "save" });
  else worker.child.kill(way === "SIGTERM" ? "SIGTERM" : "SIGKILL");
}

/** Folders that bear a checkpoint's name must have a manifest whose hashes fit. */
async function tornFolders(outputDir: string): Promise<string[]> {
  const torn: string[] = [];
  for (const name of readdirSync(outputDir).filter((each) => checkpointStep(each) !== undefined)) {
    const fine = await verifyCheckpoint(join(outputDir, name)).then(
      () => true,
      () => false,
    );
    if (!fine) torn.push(name);
  }
  return torn;
}

/** What must not depend on interruptions: every entry of the log but its times, and every byte of weights and moments. */
export function outcome(outputDir: string): { history: unknown[]; files: Map<string, Buffer> } {
  const state = readTrainerState(readFileSync(join(outputDir, "trainer_state.json"), "utf8"));
  const history = state.log_history.map((entry) =>
    "loss" in entry ? { ...entry, step_seconds: 0, peak_memory_bytes: 0 } : entry,
  );
  const last = lastCheckpoint(outputDir)?.path ?? "";
  const tensors = [outputDir, last].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".safetensors") && name !== CHECKPOINT_MANIFEST)
      .map((name): [string, Buffer] => [
        `${folder === last ? "checkpoint/" : ""}${name}`,
        readFileSync(join(folder, name)),
      ]),
  );
  return { history, files: new Map(tensors) };
}
