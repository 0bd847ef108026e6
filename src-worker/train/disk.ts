import { statfsSync } from "node:fs";
import { SiftError } from "#shared/errors.ts";
import type { WorkerEvent } from "#shared/worker/protocol.ts";
import type { RunControl } from "./control.ts";

/** Between two looks at a disk that was full. */
const RETRY_MS = 3000;
/** Left free beside what is written: logs, curves, and what others write meanwhile. */
const MARGIN_BYTES = 8 << 20;

/** Bytes that may still be written at a path; undefined where the system does not tell. */
export function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** @throws SiftError `disk-full` where so many bytes do not fit, before anything is written */
export function requireSpace(path: string, neededBytes: number): void {
  const free = freeBytes(path);
  if (free === undefined || free >= neededBytes + MARGIN_BYTES) return;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  throw new SiftError("disk-full", `${megabytes(neededBytes)} are needed and ${megabytes(free)} are free`, {
    where: { file: path },
    remedy: "Free some space; the run waits for it",
  });
}

export interface DiskPauses {
  readonly control: RunControl;
  readonly send: (event: WorkerEvent) => void;
  readonly outputDir: string;
}

interface Write<T> {
  readonly step: number;
  readonly neededBytes: number | null;
  readonly write: () => T | Promise<T>;
}

/**
 * Writes, and while the disk is full waits and tries again: when there is space, when somebody asks, or at the latest after a
 * while. Undefined where the run was stopped instead.
 */
export async function writePatiently<T>(pauses: DiskPauses, wanted: Write<T>): Promise<T | undefined> {
  const { control, send, outputDir } = pauses;
  let paused = false;
  for (;;) {
    const last = control.stopMode !== undefined;
    try {
      if (wanted.neededBytes !== null) requireSpace(outputDir, wanted.neededBytes);
      const written = await wanted.write();
      if (paused) send({ type: "continued", step: wanted.step });
      return written;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (last && paused) return undefined;
    }
    if (!paused) {
      paused = true;
      const { step, neededBytes } = wanted;
      send({ type: "phase", phase: "paused" });
      const free = freeBytes(outputDir) ?? null;
      send({ type: "paused", step, reason: "disk-full", path: outputDir, neededBytes, freeBytes: free });
    }
    await control.wait(RETRY_MS, () => (freeBytes(outputDir) ?? Infinity) >= (wanted.neededBytes ?? 0) + MARGIN_BYTES);
  }
}

const isDiskFull = (error: unknown): boolean => error instanceof SiftError && error.code === "disk-full";
