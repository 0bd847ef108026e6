import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileBatches } from "#main/cli/file-rows.ts";
import { encodeBatches } from "#main/core/data/pool.ts";
import { repositoryRoot } from "../test/shared.ts";
import { writeBenchRows } from "./rows.ts";

/**
 * Peak memory of proving a file and of encoding it, at a tenth of the rows and at all of them, each in a process of its own:
 * the ratio says whether memory grows with the data.
 *
 * usage: node bench/memory.ts [ROWS]
 */
const settings = {
  modelPath: join(repositoryRoot, "resources", "sample", "model"),
  template: { kind: "preset", name: "chatml-human" },
} as const;

/** What a process of its own does. Its peak counts threads too. */
async function measure(file: string, want: "facts" | "lines"): Promise<void> {
  for await (const _ of encodeBatches({ settings, want }, fileBatches(file)));
  console.log(Math.round(process.resourceUsage().maxRSS / 1024));
}

function peak(file: string, want: "facts" | "lines"): number {
  const { status, stdout } = spawnSync(process.execPath, [join("bench", "memory.ts"), "--of", file, want], {
    cwd: repositoryRoot,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`measuring ended with ${status ?? "a signal"}`);
  return Number(stdout.trim());
}

async function compare(rows: number): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "sift-bench-"));
  try {
    const files = { few: join(work, "few.jsonl"), all: join(work, "all.jsonl") };
    await writeBenchRows({ path: files.few, rows: rows / 10, rowBytes: 120 });
    await writeBenchRows({ path: files.all, rows, rowBytes: 120 });
    for (const want of ["facts", "lines"] as const) {
      const [few, all] = [peak(files.few, want), peak(files.all, want)];
      const ratio = Number((all / few).toFixed(2));
      const bench = want === "facts" ? "memory of a proof" : "memory of encoding";
      console.log(JSON.stringify({ bench, rows, peak_mb: all, peak_mb_at_a_tenth: few, ratio }));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const [first = "1000000", file = "", want] = process.argv.slice(2);
if (first === "--of") await measure(file, want === "lines" ? "lines" : "facts");
else await compare(Number(first));
