import { createRouterClient } from "@orpc/server";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openCore } from "#main/core/index.ts";
import { repositoryRoot } from "../test/shared.ts";

/** Trains the sample and compares the time left that was shown with what was really left, from the first tenth of the steps on. */

/** Below this the shown time is a matter of rounding. */
const FLOOR_SECONDS = 1;

interface Shown {
  readonly at: number;
  readonly step: number;
  readonly secondsLeft: number;
}

async function trainAndWatch(
  home: string,
): Promise<{ readonly shown: Shown[]; readonly totalSteps: number; readonly end: number }> {
  const core = await openCore({ home });
  const client = createRouterClient(core.router);
  const sample = join(repositoryRoot, "resources", "sample");
  const values = {
    model_name_or_path: join(sample, "model"),
    train_files: [join(sample, "conversations.jsonl")],
    output_dir: join(home, "out"),
    num_train_epochs: 9,
  };
  const { runId } = await client.runs.train({ layers: [{ source: "flag", values }], waive: [] });
  const shown: Shown[] = [];
  for (;;) {
    const { summary } = await client.runs.get({ runId });
    const { step, secondsLeft, state, totalSteps } = summary;
    if (secondsLeft !== null && state === "running") shown.push({ at: Date.now(), step, secondsLeft });
    if (state === "done") {
      await core.close();
      return { shown, totalSteps: totalSteps ?? 0, end: summary.endedAt ?? Date.now() };
    }
    if (state === "failed") throw new Error(summary.sentence);
    await sleep(200);
  }
}

async function main(): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "sift-bench-"));
  try {
    const { shown, totalSteps, end } = await trainAndWatch(home);
    const errors = shown
      .filter(({ step }) => step >= totalSteps / 10)
      .map(({ at, secondsLeft }) => {
        const left = (end - at) / 1000;
        return Math.abs(secondsLeft - left) / Math.max(left, FLOOR_SECONDS);
      })
      .sort((a, b) => a - b);
    const round = (value: number | undefined): number => Number((value ?? NaN).toFixed(3));
    const [median, worst] = [round(errors[Math.floor(errors.length / 2)]), round(errors.at(-1))];
    console.log(
      JSON.stringify({
        bench: "time-left",
        samples: errors.length,
        median_error: median,
        worst_error: worst,
        allowed_at_most: 0.25,
      }),
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

await main();
