import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createEncoder, type Conversation, type EncoderOptions } from "#shared/text/index.ts";
import { Tokenizer } from "#shared/text/tokenizer/tokenizer.ts";
import { pythonCase } from "#shared/text/pythonCase.ts";
import { repositoryRoot } from "../../shared.ts";

const model = join(repositoryRoot, "resources", "sample", "model");
/** A Python with transformers, where SIFT_PYTHON names one. */
const python = process.env["SIFT_PYTHON"] ?? "";
const json = (name: string): unknown => JSON.parse(readFileSync(join(model, name), "utf8"));
const conversation: Conversation = {
  messages: [
    { role: "user", content: 'Can you "explain" 🌹 roses?\n' },
    { role: "assistant", content: "Sift says: roses 好 ✓", spans: [{ start: 0, end: 4, weight: 0.5 }] },
    { role: "user", content: "\\and '''this'''" },
    { role: "assistant", content: "No 😀." },
  ],
};
const PLAIN = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";
const TAGGED = PLAIN.replace(
  "{{ m.content }}<|im_end|>",
  "{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}{% else %}{{ m.content }}<|im_end|>{% endif %}",
);

function scriptOf(
  template: EncoderOptions["template"],
  source: string,
): { script: string; ids: number; labels: number } {
  const encoder = createEncoder({
    tokenizer: new Tokenizer(json("tokenizer.json"), json("tokenizer_config.json")),
    template,
  });
  const { encoded } = encoder.encode({ kind: "conversation", conversation }, 0);
  const list = (column: ArrayLike<number>): number[] => Array.from(column);
  const script = pythonCase({
    modelPath: model,
    conversation,
    template: source,
    segmented: template.kind === "preset",
    text: encoded.text,
    ids: list(encoded.ids),
    labels: list(encoded.labels),
    weights: list(encoded.weights),
    starts: list(encoded.starts),
    ends: list(encoded.ends),
  });
  return { script, ids: encoded.ids.length, labels: encoded.labels.filter((label) => label !== -100).length };
}

const CASES = [
  ["plain", { kind: "jinja", source: PLAIN }, PLAIN],
  ["tagged", { kind: "jinja", source: TAGGED }, TAGGED],
  ["segments", { kind: "preset", name: "chatml-human" }, ""],
] as const;

describe("a row as a Python test case", () => {
  test.each(CASES)("%s: is plain ASCII and names model, ids and labels", (_, template, source) => {
    const { script } = scriptOf(template, source);
    expect(/^[ -~\n]*$/.test(script)).toBe(true);
    expect(script).toContain("AutoTokenizer.from_pretrained(MODEL)");
    expect(script).toContain("\\U0001f339");
    expect(script).toContain("assert labels == LABELS");
  });

  test.skipIf(!existsSync(python)).each(CASES)("%s: runs in Python (SIFT_PYTHON)", (_, template, source) => {
    const folder = mkdtempSync(join(tmpdir(), "sift-case-"));
    try {
      const { script, ids, labels } = scriptOf(template, source);
      const file = join(folder, "case.py");
      writeFileSync(file, script);
      const printed = execFileSync(python, [file], { encoding: "utf8" });
      expect(printed).toContain(`${ids} ids and ${labels} labels are as expected`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
