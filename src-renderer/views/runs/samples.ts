import type { RunSample } from "#shared/contract/runs.ts";

/** Prompt → its answers, newest first. */
export function samplesByPrompt(all: readonly RunSample[]): [string, RunSample[]][] {
  const groups = new Map<string, RunSample[]>();
  for (const each of all) groups.set(each.prompt, [each, ...(groups.get(each.prompt) ?? [])]);
  return [...groups];
}
