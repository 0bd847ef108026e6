import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { requireConfig, resolveConfig } from "#shared/config/index.ts";
import { SETUP_TOLERANCE } from "#shared/contract/setup.ts";
import { WORKER_PROTOCOL } from "#shared/worker/protocol.ts";
import { repositoryRoot } from "../../shared.ts";
import { readRows, temporaryFolder, WorkerProcess, writeSnapshot, type TokenRow } from "./harness.ts";

const oracles = join(repositoryRoot, "test", "oracles", "training");
const FAMILIES = ["qwen2", "llama", "gemma3-mixed", "mistral-window"].filter((name) => existsSync(join(oracles, name)));

async function arrangements(family: string, rows: readonly TokenRow[], values: Record<string, unknown>) {
  const modelDir = join(oracles, family, "model");
  const base = { model_name_or_path: modelDir, train_files: "d", output_dir: "o", max_length: 96, ...values };
  const config = requireConfig(resolveConfig([{ source: "file", values: base }]));
  const snapshot = writeSnapshot(join(temporaryFolder(), "rows"), rows);
  const worker = new WorkerProcess();
  const setup = { config: { ...config }, adapterDir: null };
  worker.send({
    type: "job",
    job: { kind: "layout", protocol: WORKER_PROTOCOL, modelDir, snapshot, packs: [], threads: 2, setup },
  });
  expect(await worker.exit()).toBe(0);
  return worker.events.filter((event) => event.type === "arrangement");
}

/** Eight rows of different lengths, with fractional and zero weights among them. */
function eightRows(family: string): TokenRow[] {
  const rows = readRows(
    join(oracles, existsSync(join(oracles, family, "data.jsonl")) ? family : "qwen2", "data.jsonl"),
  );
  return rows.slice(0, 8).map((row, index) => ({
    ...row,
    weights: row.labels.map((label, i) => (label < 0 || (index === 2 && i % 5 === 0) ? 0 : index % 3 === 1 ? 0.25 : 1)),
  }));
}

describe.each(FAMILIES)("%s: the same eight rows", (family) => {
  test.each([
    ["full", { finetuning_type: "full" }],
    ["LoRA", { lora_r: 4 }],
    ["LoRA with gradient checkpointing", { lora_r: 4, gradient_checkpointing: true }],
  ])("%s: as 8×1, 4×2, 2×4, 1×8, sorted or not, and packed: one loss, one gradient", async (_, values) => {
    const found = await arrangements(family, eightRows(family), values);
    expect(found.map(({ layout, microBatches, rows, sorted }) => [layout, microBatches, rows, sorted])).toEqual([
      ...[false, true].flatMap((sorted) => [[8, 1], [4, 2], [2, 4], [1, 8]].map((split) => ["split", ...split, sorted])),
      ["packed", expect.any(Number), expect.any(Number), false],
    ]); // prettier-ignore
    expect(found.at(-1)?.rows).toBeGreaterThan(1);
    for (const each of found) {
      expect(each.gradNorm).toBeGreaterThan(0);
      expect(each.lossDifference).toBeLessThanOrEqual(SETUP_TOLERANCE);
      expect(each.gradientDifference).toBeLessThanOrEqual(SETUP_TOLERANCE);
    }
  });
});

test("rows that see one another would be noticed", async () => {
  const [first, second, ...others] = eightRows("qwen2");
  if (!first || !second) throw new Error("eight rows");
  const labels = [...first.labels, -100, ...second.labels.slice(1)]; // the same targets, but the second row sees the first
  const joined = {
    input_ids: [...first.input_ids, ...second.input_ids],
    labels,
    weights: labels.map((l) => (l < 0 ? 0 : 1)),
  };
  const apart = [first, second].map((row) => ({ ...row, weights: row.labels.map((l) => (l < 0 ? 0 : 1)) }));
  const [plain] = await arrangements("qwen2", [...apart, ...others], { finetuning_type: "full" });
  const [other] = await arrangements("qwen2", [joined, ...others], { finetuning_type: "full" });
  expect(Math.abs((plain?.loss ?? 0) - (other?.loss ?? 0)) / (plain?.loss ?? 1)).toBeGreaterThan(10 * SETUP_TOLERANCE);
});
