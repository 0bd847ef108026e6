import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sharedPath } from "../../shared.ts";
import { makeJob, readRows, runJob, stepEntries, temporaryFolder } from "./harness.ts";

interface Expected {
  readonly full: Curve;
  readonly lora: Curve;
}
interface Curve {
  readonly steps: readonly { loss: number; grad_norm: number; learning_rate: number }[];
  readonly eval_loss_after: number;
}

const RUN = {
  per_device_train_batch_size: 2, gradient_accumulation_steps: 2, max_steps: 20, lr_scheduler_type: "cosine",
  warmup_steps: 2, weight_decay: 0.01, shuffle: false, packing: false,
}; // prettier-ignore
const METHODS = { full: { finetuning_type: "full", learning_rate: 2e-3 }, lora: { learning_rate: 1e-2 } };

describe.each(["llama", "qwen2"])("%s through the worker", (family) => {
  const folder = sharedPath("oracles", "training", family) ?? "";
  test.skipIf(folder === "").each(["full", "lora"] as const)(
    "%s: 20 steps equal transformers' Trainer",
    async (method) => {
      const expected = (JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expected)[method];
      const rows = readRows(join(folder, "data.jsonl"));
      const outputDir = join(temporaryFolder(), "out");
      const adapterDir = method === "lora" ? join(folder, "adapter-init") : null;
      const config = { ...RUN, ...METHODS[method] };
      const job = makeJob({
        modelDir: join(folder, "model"),
        outputDir,
        rows,
        evalRows: rows,
        config,
        job: { adapterDir },
      });
      const worker = await runJob(job);
      expect(worker.events.filter((event) => event.type === "failed")).toEqual([]);
      expect(worker.exitCode).toBe(0);
      const entries = stepEntries(outputDir);
      expect(entries).toHaveLength(20);
      for (const [k, step] of expected.steps.entries()) {
        expect(Math.abs((entries[k]?.loss ?? NaN) - step.loss)).toBeLessThan(1e-4);
        expect(Math.abs((entries[k]?.grad_norm ?? NaN) / step.grad_norm - 1)).toBeLessThan(1e-3);
        expect(entries[k]?.learning_rate).toBeCloseTo(step.learning_rate, 12);
      }
      const evaluation = worker.events.find((event) => event.type === "evaluation");
      expect(evaluation?.evalLoss).toBeCloseTo(expected.eval_loss_after, 4);
    },
  );
});
