import { join } from "node:path";
import type { RowDetail } from "#shared/contract/datasets.ts";
import type { EncodeSettings, TemplateChoice } from "#shared/contract/text.ts";
import { modelText } from "#main/core/text/encoding.ts";
import { templateReport } from "#main/core/text/report.ts";
import { testCase } from "#renderer/views/template/test-case.ts";
import { viewRow } from "#shared/preview/view.ts";
import { CHATML_HUMAN_FORM, parseForm, type Conversation } from "#shared/text/index.ts";

/** Rows with their templates, and the Python test case that the window copies of each. */

const root = join(import.meta.dirname, "..", "..");
export const SAMPLE_MODEL = join(root, "resources", "sample", "model");
const QWEN = join(root, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");

const TURN = "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n";
const PLAIN = `{% for m in messages %}${TURN}{% endfor %}`;
const TAGGED = `{% for m in messages %}{% if m.role == 'assistant' %}<|im_start|>assistant
{% generation %}{{ m.content }}<|im_end|>
{% endgeneration %}{% else %}${TURN}{% endif %}{% endfor %}`;

/** Turns of ChatML with reasoning; pads with another token than the end. */
export const THINKING_FORM = parseForm({
  ...CHATML_HUMAN_FORM,
  name: "thinking",
  first_turn: "keep",
  pad: "<|endoftext|>",
  reasoning: { open: "<think>\n", close: "\n</think>\n\n", turns: "last" },
});
/** Headings in plain text, ended by the tokenizer's own token. */
export const HEADINGS_FORM = parseForm({
  name: "headings",
  default_system: "It's short.",
  eos: "\n",
  roles: {
    system: { start: "#:\n", newline: "\n" },
    user: { start: "## 问:", separator: "\n", newline: "\n\n" },
    assistant: { start: "## 答:", separator: "\n", end: "eos_token", newline: "\n", train: ["content", "end"] },
  },
});

const CONVERSATION: Conversation = {
  messages: [
    { role: "user", content: 'Can you "explain" 🌹 roses?\n' },
    { role: "assistant", content: "Sift says: roses 好 ✓", spans: [{ start: 0, end: 4, weight: 0.5 }] },
    { role: "user", content: "\\and '''this''' <|im_end|>" },
    { role: "assistant", content: "No 😀." },
  ],
};
const UNPAINTED: Conversation = {
  messages: CONVERSATION.messages.map(({ role, content }) => ({ role, content })),
};
const THOUGHTFUL: Conversation = {
  messages: [
    { role: "system", content: "Think." },
    { role: "user", content: "2 + 2?" },
    { role: "assistant", content: "4", reasoning: "Easy." },
    { role: "user", content: "And 3 + 3?" },
    { role: "assistant", content: "<think>\nNot 7 é.\n</think>\n\n6" },
  ],
};

interface Case {
  readonly name: string;
  readonly template: TemplateChoice;
  readonly conversation?: Conversation;
  readonly settings?: Partial<EncodeSettings>;
}
const form = (form: typeof THINKING_FORM): TemplateChoice => ({ kind: "form", form });
const CASES: readonly Case[] = [
  { name: "plain", template: { kind: "text", source: PLAIN } },
  { name: "tagged, painted", template: { kind: "text", source: TAGGED } },
  { name: "tagged", template: { kind: "text", source: TAGGED }, conversation: UNPAINTED },
  { name: "preset", template: { kind: "preset", name: "chatml" }, settings: { systemMessage: "Be brief." } },
  { name: "segments", template: { kind: "preset", name: "chatml-human" } },
  { name: "segments, cut", template: { kind: "preset", name: "chatml-human" }, settings: { maxLength: 40 } },
  {
    name: "segments, a row's system text",
    template: { kind: "preset", name: "chatml-human" },
    conversation: { messages: [{ role: "system", content: "Own." }, ...UNPAINTED.messages] },
    settings: { systemPolicy: "replace" },
  },
  { name: "headings", template: form(HEADINGS_FORM) },
  {
    name: "special tokens as text",
    template: form(HEADINGS_FORM),
    settings: { rowOptions: { specialTokens: "plain" } },
  },
  { name: "thinking", template: form(THINKING_FORM), conversation: THOUGHTFUL },
  {
    name: "thinking, no system",
    template: form(THINKING_FORM),
    conversation: THOUGHTFUL,
    settings: { systemPolicy: "drop" },
  },
];

export interface MadeCase {
  readonly name: string;
  readonly script: string;
  readonly ids: number;
  readonly labels: number;
}

/** What "copy as a Python test case" gives for every case, under two tokenizers. */
export const madeCases = (): MadeCase[] =>
  [SAMPLE_MODEL, QWEN].flatMap((modelPath) => CASES.map((one) => madeCase(one, modelPath)));

function madeCase(
  { name, template, conversation = CONVERSATION, settings: more = {} }: Case,
  modelPath: string,
): MadeCase {
  const settings: EncodeSettings = { modelPath, template, ...more };
  const row = { kind: "conversation", conversation } as const;
  const view = viewRow(settings, modelText(settings), row, 0);
  const { info, specialTokens } = templateReport(settings);
  const detail = { row } as unknown as RowDetail; // a row that no database holds
  const script = testCase(settings, { detail, view, source: info.source, specialTokens });
  if (script === undefined) throw new Error(`${name} is no conversation`);
  const shown = view.labels.slice(0, view.cutFrom ?? view.labels.length);
  const labels = shown.filter((label) => label !== -100).length;
  return { name: `${name} (${modelPath === QWEN ? "qwen" : "sample"})`, script, ids: shown.length, labels };
}
