import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCoder } from "#main/core/text/encoding.ts";
import { SAMPLE_MODEL } from "./template-cases.ts";

/** A model that was given tokens, as transformers resizes it; trained whole and by an adapter, as transformers and PEFT open it. */

const root = join(import.meta.dirname, "..", "..");
const TOKENS = ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"];
const MESSAGES = [{ role: "user", content: "Can you explain roses?" }] as const;

/** The sample without its template, so that a format has to be chosen. */
function baseModel(work: string): string {
  const base = join(work, "base");
  cpSync(SAMPLE_MODEL, base, { recursive: true });
  rmSync(join(base, "chat_template.jinja"), { force: true });
  const file = join(base, "tokenizer_config.json");
  const { chat_template: _, ...config } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify(config));
  return base;
}

export function checkAddedTokens(python: string): void {
  const work = mkdtempSync(join(tmpdir(), "sift-added-"));
  const base = baseModel(work);
  const extended = join(work, "extended");
  sift(["add-tokens", "--model", base, "--tokens", ...TOKENS, "--output", extended]);
  const answer = { role: "assistant", content: "Yes." };
  writeFileSync(join(work, "rows.jsonl"), JSON.stringify({ messages: [...MESSAGES, answer] }));
  const train = (name: string, flags: readonly string[]): string => {
    const output = join(work, name);
    const places = [
      "--model_name_or_path",
      extended,
      "--train_files",
      join(work, "rows.jsonl"),
      "--output_dir",
      output,
    ];
    const common = ["--template", "phi3", "--max_steps", "3", "--eval_split", "0", "--warmup_ratio", "0"];
    sift(["train", ...places, ...common, "--learning_rate", "1e-2", "--home", join(work, "home"), ...flags]);
    return output;
  };
  const { encoder } = openCoder({ modelPath: extended, template: { kind: "preset", name: "phi3" } });
  if (!encoder) throw new Error("the model has no tokenizer");
  const expected = {
    base,
    extended,
    tokens: TOKENS,
    messages: MESSAGES,
    ids: encoder.renderPrompt(MESSAGES).ids,
    end: encoder.endOfTurn,
    full: train("full", ["--finetuning_type", "full"]),
    adapter: train("adapter", ["--modules_to_save", "embed_tokens,lm_head"]),
  };
  writeFileSync(join(work, "added.json"), JSON.stringify(expected));
  const script = join(root, "test", "python", "open_added_tokens.py");
  execFileSync(python, [script, join(work, "added.json")], { stdio: "inherit", cwd: root });
  rmSync(work, { recursive: true });
}

function sift(args: readonly string[]): void {
  execFileSync(process.execPath, [join(root, "src-main", "cli", "main.ts"), ...args], { cwd: root, stdio: "pipe" });
}
