import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EncodeSettings, TemplateChoice } from "#shared/contract/text.ts";
import { openCoder } from "#main/core/text/encoding.ts";
import type { Message } from "#shared/text/index.ts";
import { HEADINGS_FORM, madeCases, SAMPLE_MODEL, THINKING_FORM } from "./template-cases.ts";

/** Templates as transformers sees them: the copied test cases run, and a saved model asks and stops as it was trained. */

const root = join(import.meta.dirname, "..", "..");

/** Runs every copied test case; each asserts ids and labels by itself. */
function checkCopiedCases(python: string, work: string): void {
  const cases = madeCases().map(({ name, script, ids, labels }, i) => {
    writeFileSync(join(work, `case_${i}.py`), script);
    return { name, module: `case_${i}`, ids, labels };
  });
  writeFileSync(join(work, "cases.json"), JSON.stringify(cases));
  run(python, [join(root, "test", "python", "run_copied_cases.py"), join(work, "cases.json")]);
}

interface Trained {
  readonly name: string;
  /** What the configuration says; a form's file is written beside the run. */
  readonly template: string;
  readonly choice: TemplateChoice;
  readonly flags: readonly string[];
}
const SHORT =
  "{% for m in messages %}{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";
const RUNS: readonly Trained[] = [
  {
    name: "form",
    template: "thinking.json",
    choice: { kind: "form", form: THINKING_FORM },
    flags: ["--finetuning_type", "full"],
  },
  {
    name: "form of headings, adapter",
    template: "headings.json",
    choice: { kind: "form", form: HEADINGS_FORM },
    flags: [],
  },
  {
    name: "named template",
    template: "own:short",
    choice: { kind: "own", name: "short" },
    flags: ["--finetuning_type", "full"],
  },
  { name: "preset", template: "chatml-human", choice: { kind: "preset", name: "chatml-human" }, flags: [] },
];
const MESSAGES: readonly Message[] = [
  { role: "user", content: "Can you explain 🌹 roses?" },
  { role: "assistant", content: "Yes." },
  { role: "user", content: "你好" },
];

/** Trains for a step under each template; transformers is to give the same prompt, and to stop where the training did. */
function checkSavedTemplates(python: string, work: string): void {
  const model = join(work, "model");
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  mkdirSync(join(model, "additional_chat_templates"), { recursive: true });
  writeFileSync(join(model, "additional_chat_templates", "short.jinja"), SHORT);
  writeFileSync(join(work, "thinking.json"), JSON.stringify(THINKING_FORM));
  writeFileSync(join(work, "headings.json"), JSON.stringify(HEADINGS_FORM));
  writeFileSync(join(work, "rows.jsonl"), JSON.stringify({ messages: MESSAGES.slice(0, 2) }));
  const expected = RUNS.map((one, i) => {
    const folder = join(work, `out-${i}`);
    train(one, { work, model, folder });
    const settings: EncodeSettings = { modelPath: model, template: one.choice };
    const { encoder } = openCoder(settings);
    if (!encoder) throw new Error("the model has no tokenizer");
    const { ids } = encoder.renderPrompt(MESSAGES);
    return { name: one.name, folder, messages: MESSAGES, ids, end: encoder.endOfTurn, pad: encoder.pad?.id ?? null };
  });
  writeFileSync(join(work, "saved.json"), JSON.stringify(expected));
  run(python, [join(root, "test", "python", "open_saved_templates.py"), join(work, "saved.json")]);
}

function train(
  { template, flags }: Trained,
  { work, model, folder }: { work: string; model: string; folder: string },
): void {
  const places = ["--model_name_or_path", model, "--train_files", "rows.jsonl", "--output_dir", folder];
  const sift = join(root, "src-main", "cli", "main.ts");
  const more = ["--template", template, "--max_steps", "1", "--eval_split", "0", "--home", join(work, "home")];
  execFileSync(process.execPath, [sift, "train", ...places, ...more, ...flags], { cwd: work, stdio: "pipe" });
}

const run = (command: string, args: readonly string[]): void => {
  execFileSync(command, args, { stdio: "inherit", cwd: root });
};

export function checkTemplates(python: string): void {
  const work = mkdtempSync(join(tmpdir(), "sift-templates-"));
  checkCopiedCases(python, work);
  checkSavedTemplates(python, work);
  rmSync(work, { recursive: true });
}
