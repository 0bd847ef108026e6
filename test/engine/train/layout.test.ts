import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "../../shared.ts";
import { makeJob, runJob, temporaryFolder, type TokenRow } from "./harness.ts";

const modelDir = join(repositoryRoot, "resources", "sample", "model");
/** A Python with transformers and PEFT, named by the environment; without it these checks are skipped by name. */
const python = process.env["SIFT_REFERENCE_PYTHON"] ?? "";

const TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}";
const template = {
  source: TEMPLATE,
  name: "t",
  hash: "t",
  defaultSystem: "Be kind.",
  stopIds: [2, 7],
  endOfTurn: "</s>",
};
const ROWS: TokenRow[] = [5, 9, 14].map((length) => {
  const input_ids = Array.from({ length }, (_, i) => 10 + ((i * length) % 50));
  return { input_ids, labels: input_ids.map((id, i) => (i < 2 ? -100 : id)) };
});

async function train(config: Record<string, unknown>): Promise<string> {
  const outputDir = join(temporaryFolder(), "out");
  const job = makeJob({
    modelDir,
    outputDir,
    rows: ROWS,
    config: { max_steps: 2, save_steps: 5, ...config },
    job: { template },
  });
  const worker = await runJob(job);
  expect(worker.events.filter((event) => event.type === "failed")).toEqual([]);
  return outputDir;
}

const json = (folder: string, name: string) =>
  JSON.parse(readFileSync(join(folder, name), "utf8")) as Record<string, unknown>;

describe("the output folder", () => {
  test("lora: PEFT's files, tokenizer, template, log and curves", async () => {
    const folder = await train({});
    const common = ["chat_template.jinja", "generation_config.json", "sift_manifest.json"];
    const tokenizer = ["tokenizer.json", "tokenizer_config.json"];
    const model = [...common, ...tokenizer, "adapter_config.json", "adapter_model.safetensors", "trainer_state.json"];
    expect(readdirSync(folder).sort()).toEqual([...model, "checkpoint-2", "runs", "train.log"].sort());
    expect(readdirSync(join(folder, "checkpoint-2")).sort()).toEqual([...model, "optimizer.safetensors"].sort());
    expect(json(folder, "tokenizer_config.json")).toMatchObject({
      chat_template: TEMPLATE, default_system: "Be kind.", eos_token: "</s>",
    }); // prettier-ignore
    expect(json(folder, "generation_config.json")["eos_token_id"]).toEqual([2, 7]);
    expect(json(folder, "adapter_config.json")).toMatchObject({ r: 16, lora_alpha: 32, peft_type: "LORA" });
    expect(readdirSync(join(folder, "runs"))).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d+\./)]);
  });

  test("train.log: time - level - name - message, with all that made the run", async () => {
    const log = readFileSync(join(await train({ finetuning_type: "full" }), "train.log"), "utf8");
    for (const line of log.trim().split("\n")) {
      expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - (INFO|WARNING) - sift\.\w+ - .+$/);
    }
    const parameters = countElements(modelDir);
    const first = ROWS[0];
    for (const wanted of [
      "Device: cpu", "Precision: float32", '"lora_r":16', `Total parameters: ${parameters}`,
      `Trainable parameters: ${parameters}`, "Training rows: 3", `labels: [${first?.labels.join(", ") ?? ""}]`,
    ]) expect(log).toContain(wanted); // prettier-ignore
  });

  test.skipIf(python === "")(
    "SIFT_REFERENCE_PYTHON: transformers and PEFT open model, adapter, tokenizer and state",
    async () => {
      const early = { early_stopping_patience: 1, eval_split: 0.5, eval_steps: 1 };
      const [full, lora] = [await train({ finetuning_type: "full", ...early }), await train({})];
      const script = `
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer, EarlyStoppingCallback, TrainerState
from peft import PeftModel
full, lora, base = sys.argv[1:]
m, info = AutoModelForCausalLM.from_pretrained(full, output_loading_info=True)
assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
assert m.dtype == torch.float32 and m.generation_config.eos_token_id == [2, 7]
p = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), lora)
assert sum(x.abs().sum() for n, x in p.named_parameters() if "lora_B" in n) > 0
assert AutoModelForCausalLM.from_pretrained(lora) is not None
t = AutoTokenizer.from_pretrained(lora)
assert t.chat_template == ${JSON.stringify(TEMPLATE)} and t.eos_token == "</s>"
state = TrainerState.load_from_json(full + "/trainer_state.json")
assert state.global_step == 2
counts = state.stateful_callbacks["EarlyStoppingCallback"]
assert EarlyStoppingCallback.from_state(counts).early_stopping_patience == 1, counts
print("opened")
`;
      expect(execFileSync(python, ["-c", script, full, lora, modelDir], { encoding: "utf8" })).toContain("opened");
    },
  );
});

/** Elements of all tensors in a folder's model.safetensors, from its header. */
function countElements(folder: string): number {
  const bytes = readFileSync(join(folder, "model.safetensors"));
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString("utf8")) as Record<
    string,
    { shape?: number[] }
  >;
  const sizes = Object.values(header).map(({ shape }) => shape?.reduce((a, b) => a * b, 1) ?? 0);
  return sizes.reduce((a, b) => a + b, 0);
}
