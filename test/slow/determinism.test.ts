import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "../shared.ts";
import { OP_CASES } from "./op-cases.ts";

const [PROCESSES, RUNS, THREADS] = [3, 20, 2];

describe("the same operation on the same input", async () => {
  const script = join(repositoryRoot, "test", "slow", "op-hashes.ts");
  const hashes = new Map<string, Set<string>>();
  for (let process_ = 0; process_ < PROCESSES; process_++) {
    const args = [script, String(RUNS), String(THREADS)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 24 });
    for (const line of stdout.trim().split("\n")) {
      const [kind, found] = JSON.parse(line) as [string, string[]];
      hashes.set(kind, new Set([...(hashes.get(kind) ?? []), ...found]));
    }
  }
  test.each(Object.keys(OP_CASES))(
    `%s: equal bytes in ${PROCESSES} processes × ${RUNS} runs at ${THREADS} threads`,
    (kind) => {
      expect(hashes.get(kind)?.size).toBe(1);
    },
  );
});
