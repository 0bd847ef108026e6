import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OrtEngine } from "../../src-worker/engines/ort/engine.ts";
import { createGenerator } from "../../src-worker/generate/generator.ts";
import { loadModel } from "../../src-worker/models/folder.ts";

/** Trains a tiny model in every way for a few steps, and has transformers and PEFT open what was saved: same logits. */

interface Case {
  readonly name: string;
  readonly model: string;
  readonly flags: readonly string[];
}
const CASES: readonly Case[] = [
  { name: "lora", model: "qwen2", flags: [] },
  { name: "rslora", model: "llama", flags: ["--use_rslora", "--target_modules", "q_proj,v_proj"] },
  { name: "dora", model: "gemma2", flags: ["--use_dora", "--lora_dropout", "0.1"] },
  { name: "pattern", model: "llama", flags: ["--target_modules", String.raw`.*layers\.1\.self_attn\.(q|v)_proj`] },
  { name: "saved modules", model: "qwen2", flags: ["--modules_to_save", "embed_tokens,lm_head"] },
  { name: "saved norms", model: "phi3-longrope", flags: ["--modules_to_save", "norm", "--use_dora"] },
  // the base is untouched: the adapter goes on the model as it was
  { name: "QLoRA", model: "qwen2", flags: ["--quantization", "4bit"] },
  { name: "freeze", model: "qwen3-yarn", flags: ["--finetuning_type", "freeze", "--freeze_trainable_layers", "1"] },
  { name: "full", model: "llama", flags: ["--finetuning_type", "full"] },
];

const root = join(import.meta.dirname, "..", "..");
const modelFolder = (name: string): string => join(root, "test", "oracles", "training", name, "model");

function train({ model, flags }: Case, outputDir: string): void {
  const data = join(root, "test", "oracles", "training", model, "data.jsonl");
  const common = ["--max_steps", "3", "--learning_rate", "1e-2", "--eval_split", "0", "--warmup_ratio", "0"];
  const places = ["--model_name_or_path", modelFolder(model), "--train_files", data, "--output_dir", outputDir];
  const sift = join(root, "src-main", "cli", "main.ts");
  const home = ["--home", join(outputDir, "..", "home")];
  execFileSync(process.execPath, [sift, "train", ...places, ...common, ...flags, ...home], {
    cwd: root,
    stdio: "pipe",
  });
}

async function logitsOf({ model }: Case, outputDir: string): Promise<{ ids: number[]; logits: number[] }> {
  const file = join(root, "test", "oracles", "training", model, "data.jsonl");
  const [first = "{}"] = readFileSync(file, "utf8").split("\n");
  const ids = (JSON.parse(first) as { input_ids: number[] }).input_ids;
  const engine = new OrtEngine({ threads: 1 });
  const isAdapter = loadable(join(outputDir, "adapter_config.json"));
  const generator = await (isAdapter
    ? createGenerator({ engine, model: loadModel(modelFolder(model)), adapter: outputDir })
    : createGenerator({ engine, model: loadModel(outputDir) }));
  const logits = [...(await generator.logits(Int32Array.from(ids)))];
  await engine.dispose();
  return { ids, logits };
}

function loadable(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}

export async function checkSavedModels(python: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "sift-saved-"));
  const expected = [];
  for (const [index, one] of CASES.entries()) {
    const folder = join(work, `out-${index}`);
    train(one, folder);
    expected.push({ name: one.name, folder, base: modelFolder(one.model), ...(await logitsOf(one, folder)) });
  }
  writeFileSync(join(work, "expected.json"), JSON.stringify(expected));
  const script = join(root, "test", "python", "open_saved_models.py");
  execFileSync(python, [script, join(work, "expected.json")], { stdio: "inherit", cwd: root });
  rmSync(work, { recursive: true });
}
