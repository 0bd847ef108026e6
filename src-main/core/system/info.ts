import { statfsSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import type { SystemInfo } from "#shared/contract/system.ts";

/** Bytes that an unprivileged writer may still use on the disk of `path`. */
export function freeDiskBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

export function systemInfo(parts: { version: string; home: string; desktop: boolean }): SystemInfo {
  const model = cpus()[0]?.model.trim();
  return {
    ...parts,
    device: {
      name: model && model !== "unknown" ? model : process.arch,
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      freeMemoryBytes: freemem(),
      freeDiskBytes: freeDiskBytes(parts.home),
      engine: "ort",
      device: "cpu",
    },
  };
}
