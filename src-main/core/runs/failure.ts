import { totalmem } from "node:os";
import type { ErrorReport } from "#shared/errors.ts";
import type { WorkerExit } from "./worker-process.ts";

/** Above this share of the machine's memory a SIGKILL is taken for the system's out-of-memory killer. */
const OUT_OF_MEMORY_SHARE = 0.6;
export const DISK_FULL = /ENOSPC|database or disk is full|no space left on device|EDQUOT|disk quota/i;
const OUT_OF_MEMORY = /heap out of memory|bad_alloc|Failed to allocate|Array buffer allocation failed|ENOMEM/i;

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`;

/** Why a worker ended without having said so, for a person. */
export function explainExit(exit: WorkerExit, place: { outputDir: string; memoryBytes?: number }): ErrorReport {
  const memory = place.memoryBytes ?? totalmem();
  if (exit.protocolError !== null) {
    const message = `the worker sent something that this version does not understand: ${exit.protocolError}`;
    return {
      code: "worker-protocol",
      message,
      remedy: "install the program again: its parts are of different versions",
    };
  }
  if (DISK_FULL.test(exit.stderr)) return diskFull(place.outputDir);
  if (OUT_OF_MEMORY.test(exit.stderr)) return outOfMemory(exit, memory);
  if (exit.signal === "SIGKILL") {
    if (exit.rssBytes > memory * OUT_OF_MEMORY_SHARE) return outOfMemory(exit, memory);
    const used = exit.rssBytes > 0 ? `; it last used ${gigabytes(exit.rssBytes)} of ${gigabytes(memory)}` : "";
    const message = `the training process was killed from outside (SIGKILL)${used}`;
    return { code: "worker-killed", message, remedy: "resume the run; if it happens again, make max_length smaller" };
  }
  const how = exit.signal === null ? `ended with code ${exit.code}` : `crashed (${exit.signal})`;
  const lastWords =
    exit.stderr
      .trim()
      .split("\n")
      .findLast((line) => /error/i.test(line)) ?? exit.stderr.trim().slice(-300);
  const message = `the training process ${how}${lastWords === "" ? "" : `: ${lastWords.trim().slice(0, 300)}`}`;
  return { code: "worker-crashed", message, remedy: "resume the run from its last checkpoint" };
}

/** A failure that the worker told itself; system errors get a name and a remedy. */
export function explainFailure(error: ErrorReport, outputDir: string): ErrorReport {
  if (error.code !== "internal" && error.remedy !== undefined) return error;
  if (DISK_FULL.test(error.message)) return diskFull(outputDir);
  if (OUT_OF_MEMORY.test(error.message)) {
    return { code: "out-of-memory", message: `memory ran out: ${error.message}`, remedy: MEMORY_REMEDY };
  }
  return error;
}

const MEMORY_REMEDY = "make max_length or per_device_train_batch_size smaller, or train a smaller model";

const outOfMemory = (exit: WorkerExit, memory: number): ErrorReport => ({
  code: "out-of-memory",
  message: `the training process ran out of memory: it used ${gigabytes(exit.rssBytes)} of ${gigabytes(memory)}`,
  remedy: MEMORY_REMEDY,
});

const diskFull = (outputDir: string): ErrorReport => ({
  code: "disk-full",
  message: "the disk is full: nothing more can be written",
  where: { file: outputDir },
  remedy: "free some space and resume the run; checkpoints that were complete are kept",
});
