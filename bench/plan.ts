import { createRouterClient } from "@orpc/server";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openCore } from "#main/core/index.ts";
import { repositoryRoot } from "../test/shared.ts";

/** Plans three runs of the sample's conversations with measured steps, makes them, and compares memory, time and disk: 15 % are allowed. */

const ALLOWED = 0.15;
const SAMPLE = join(repositoryRoot, "resources", "sample", "model");
const template = { kind: "own" as const };

const home = mkdtempSync(join(tmpdir(), "sift-bench-"));
const core = await openCore({ home });
const client = createRouterClient(core.router);
type Values = Record<string, string | number | boolean>;

/** The sample's shape made larger, without weights. */
function widerModel(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of ["tokenizer.json", "tokenizer_config.json", "generation_config.json"])
    cpSync(join(SAMPLE, name), join(folder, name));
  const config = JSON.parse(readFileSync(join(SAMPLE, "config.json"), "utf8")) as Record<string, unknown>;
  const wider = { ...config, hidden_size: 384, intermediate_size: 1024, num_hidden_layers: 8 };
  writeFileSync(join(folder, "config.json"), JSON.stringify(wider));
  return folder;
}

async function finished(jobId: string): Promise<string> {
  for (;;) {
    const job = (await client.system.jobs.list({})).find(({ id }) => id === jobId);
    if (job?.state === "done") return job.resultId ?? "";
    if (job?.state === "failed") throw new Error(job.error?.message);
    await sleep(100);
  }
}

async function compare(name: string, draft: { versionId: string; modelPath: string; values: Values }): Promise<void> {
  const asked = { ...draft, template };
  const settings = {
    modelPath: draft.modelPath,
    template,
    systemPolicy: "keep" as const,
    maxLength: 2048,
    overLength: "error" as const,
  };
  const { jobId } = await client.text.prove({ versionId: draft.versionId, settings });
  const proofId = await finished(jobId);
  await client.runs.measure(asked);
  const { runId } = await client.runs.start({ ...asked, proofId, waive: [] });
  for (;;) {
    const { summary, forecast, taken, error } = await client.runs.get({ runId });
    if (summary.state === "failed") throw new Error(error?.message);
    if (summary.state === "done") {
      const off = (plan: number | null | undefined, actual: number | null): number =>
        Number(((plan ?? NaN) / (actual ?? NaN) - 1).toFixed(3));
      const errors = {
        memory: off(forecast?.memoryBytes, taken.memoryBytes),
        seconds: off(forecast?.seconds, taken.seconds),
        disk: off(forecast?.diskBytes, taken.diskBytes),
      };
      console.log(
        JSON.stringify({ bench: "plan", name, seconds: Math.round(taken.seconds), errors, allowed: ALLOWED }),
      );
      return;
    }
    await sleep(300);
  }
}

try {
  const { versionId } = await client.system.sample.open({});
  const wide = widerModel(join(home, "wide"));
  await compare("LoRA, packed", { versionId, modelPath: SAMPLE, values: { num_train_epochs: 6 } });
  await compare("full, rows of their own length", {
    versionId,
    modelPath: SAMPLE,
    values: { finetuning_type: "full", packing: false, per_device_train_batch_size: 4, num_train_epochs: 3 },
  });
  await compare("from scratch, 8 layers of 384", {
    versionId,
    modelPath: wide,
    values: { finetuning_type: "full", from_scratch: true, max_length: 1024, num_train_epochs: 1 },
  });
} finally {
  await core.close();
  rmSync(home, { recursive: true, force: true });
}
