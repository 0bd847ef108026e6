import { readFileSync } from "node:fs";

/**
 * Peak resident set of this process since its start, in bytes. On Linux from VmHWM: getrusage's maximum survives exec and would
 * show the parent's peak.
 */
export function peakMemoryBytes(): number {
  if (process.platform === "linux") {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
    if (match) return Number(match[1]) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
