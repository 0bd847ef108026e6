import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RunDetail, RunPerformance } from "#shared/contract/runs.ts";
import type { Run } from "../store/runs.ts";
import type { Performance } from "../store/progress.ts";

/** What a run took so far: the worker's peak memory, seconds since it began, and its output folder. */
export function takenBy(run: Run, { peakMemoryBytes }: Performance): RunDetail["taken"] {
  const end = run.endedAt ?? Date.now();
  return {
    memoryBytes: peakMemoryBytes,
    seconds: run.startedAt === null ? 0 : Math.max(0, end - run.startedAt) / 1000,
    diskBytes: folderBytes(run.outputDir),
  };
}

export function performanceOf(sums: Performance): RunPerformance | null {
  const { tokens, supervisedTokens, seconds, counted, peakFlopsPerSecond } = sums;
  if (seconds <= 0) return null;
  const { flops, dataSeconds, seconds: countedSeconds } = counted;
  return {
    supervisedTokensPerSecond: supervisedTokens / seconds,
    promptTokensPerSecond: (tokens - supervisedTokens) / seconds,
    paddingShare: 0,
    dataShare: countedSeconds > 0 ? dataSeconds / countedSeconds : null,
    flopsPerSecond: countedSeconds > 0 && flops > 0 ? flops / countedSeconds : null,
    peakFlopsPerSecond,
  };
}

function folderBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, name) => {
    const info = statSync(join(folder, name), { throwIfNoEntry: false });
    return sum + (info?.isFile() ? info.size : 0);
  }, 0);
}
