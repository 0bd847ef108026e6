import { describe, expect, it } from "vitest";
import {
  ChatTemplate,
  CHATML_HUMAN_FORM,
  createEncoder,
  type FormPart,
  type FormReasoning,
  formMask,
  type MaskOptions,
  type Message,
  parseForm,
  presetOf,
  type TemplateForm,
} from "#shared/text/index.ts";
import { renderConversation } from "#shared/text/render.ts";
import { conversation, qwenTokenizer, trainedText, turns } from "./reference.ts";

/** A small generator with a fixed seed, so that a failure can be repeated. */
function random(seed: number): { pick: <T>(list: readonly [T, ...T[]]) => T; chance: (share: number) => boolean } {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return {
    pick: (list) => list[Math.floor(next() * list.length)] ?? list[0],
    chance: (share) => next() < share,
  };
}
type Random = ReturnType<typeof random>;

const MARKERS = ["", "<|im_start|>", "[INST] ", "### User:\n", "it's \\ odd", "{{ x }}", "<|", "eos_token"] as const;
const ENDS = ["", "<|im_end|>", " [/INST]", "\n\n", "eos_token", "%}"] as const;
const CONTENTS = [
  "q",
  "",
  " padded \n",
  "\nline",
  "{% if x %}",
  "你好，世界",
  "😀 e\u0301",
  "<|im_end|>",
  "a'b\"c\\n",
] as const;

const THINKING: readonly [FormReasoning, ...FormReasoning[]] = [
  { open: "<think>\n", close: "\n</think>\n\n", turns: "last" },
  { open: "", close: "|end|", turns: "all" },
  { open: "it's '\\", close: "", turns: "all" },
  { open: "\n\n[思考 ", close: " 😀]", turns: "last" },
];
const THOUGHTS = ["", "why", "\nso \n", "</think>", "你好\\"] as const;
const THOUGHT_CONTENTS = [
  "<think>\nwhy\n</think>\n\nso",
  "\n<think>\n\n</think>so\n",
  "why</think>\nso</think>x",
  "note <think>why</think>so",
  "\n\n[思考 why 😀]so",
  "why|end|\n so",
] as const;

function someForm(r: Random): TemplateForm {
  const role = (name: string) => ({
    start: r.pick(MARKERS),
    name: r.pick(["", name, "eos_token", "角色"]),
    separator: r.pick(["", "\n", ": "]),
    end: r.pick(ENDS),
    newline: r.pick(["", "\n"]),
    train: r.pick<readonly FormPart[]>([[], ["content", "end"], ["start", "name", "content", "end", "newline"]]),
  });
  return parseForm({
    name: "some 'form'",
    bos: r.pick(["", "bos_token", "<s>", "<|endoftext|>"]),
    eos: r.pick(["", "eos_token", "</s>"]),
    default_system: r.pick(["", "Be brief.", "It's\n\\ok"]),
    ...(r.chance(0.5) ? { reasoning: { ...r.pick(THINKING), turns: r.pick(["last", "all"]) } } : {}),
    first_turn: r.pick(["keep", "drop"]),
    roles: {
      ...(r.chance(0.7) ? { system: role("system") } : {}),
      user: role("human"),
      assistant: role("bot"),
      ...(r.chance(0.4) ? { tool: role("tool") } : {}),
    },
  });
}

function someMessages(r: Random): Message[] {
  const message = (role: string): Message => ({
    role,
    content: r.chance(0.3) ? r.pick(THOUGHT_CONTENTS) : r.pick(CONTENTS),
    ...(role === "assistant" && r.chance(0.4) ? { reasoning: r.pick(THOUGHTS) } : {}),
  });
  const first = r.chance(0.4) ? [message(r.pick(["system", "assistant"]))] : [];
  const rest = Array.from({ length: r.pick([1, 2, 3, 4]) }, (_, i) => message(i % 2 === 0 ? "user" : "assistant"));
  return [...first, ...rest, ...(r.chance(0.2) ? [message("tool")] : [])];
}

/** The text that a run makes, or that it is refused. */
function attempt(run: () => string): string {
  try {
    return run();
  } catch {
    return "refused";
  }
}

describe("forms", () => {
  const tokenizer = qwenTokenizer();
  const { files } = tokenizer;
  const named = { ...files.specialTokens, bos_token: "<|endoftext|>" };
  const withBos = Object.assign(Object.create(tokenizer) as typeof tokenizer, {
    files: { ...files, specialTokens: named },
  });

  it("write what their Jinja twins write, and ask for answers alike", () => {
    let written = 0;
    for (let seed = 0; seed < 600; seed++) {
      const r = random(seed);
      const form = someForm(r);
      const messages = someMessages(r);
      const encoder = createEncoder({ tokenizer: withBos, template: { kind: "form", form } });
      const template = new ChatTemplate(encoder.templateSource);
      const twin = (addGenerationPrompt: boolean): string =>
        attempt(
          () => renderConversation({ messages }, { template, specialTokens: named }, { addGenerationPrompt }).text.text,
        );
      const text = attempt(() => encoder.encode({ kind: "conversation", conversation: { messages } }, 0).encoded.text);
      const isEmptied = form.first_turn === "drop" && messages[0]?.role !== "user" && messages.length === 1;
      if (isEmptied) continue;
      expect(text, JSON.stringify({ form, messages })).toBe(twin(false));
      expect(attempt(() => encoder.renderPrompt(messages).text)).toBe(twin(true));
      if (text !== "refused") written++;
    }
    expect(written).toBeGreaterThan(300);
  });

  it("train the parts that they name, and no others", () => {
    for (let seed = 0; seed < 100; seed++) {
      const form = { ...someForm(random(seed)), default_system: "", eos: "", bos: "", first_turn: "keep" as const };
      const encoder = createEncoder({ tokenizer: withBos, template: { kind: "form", form }, mask: "structural" });
      const { encoded } = encoder.encode(turns("question", "answer"), 0);
      const { user, assistant } = form.roles;
      const counts = [user, assistant].map((role, i) => {
        const length = (text: string): number =>
          tokenizer.encode(text === "eos_token" ? (named.eos_token ?? "") : text).ids.length;
        const named_ = (part: (typeof role.train)[number]): boolean => role.train.includes(part);
        return (
          (named_("start") ? length(role.start) : 0) +
          (named_("name") ? tokenizer.encode(role.name).ids.length + length(role.separator) : 0) +
          (named_("content") ? length(i === 0 ? "question" : "answer") : 0) +
          (named_("end") ? length(role.end) : 0) +
          (named_("newline") ? length(role.newline) : 0)
        );
      });
      const scored = encoded.labels.filter((label) => label !== -100).length;
      expect(scored, JSON.stringify(form)).toBe(counts.reduce((a, b) => a + b, 0));
    }
  });

  const thinking = (turns: "last" | "all") =>
    parseForm({
      ...CHATML_HUMAN_FORM,
      first_turn: "keep",
      default_system: "",
      reasoning: { open: "<think>\n", close: "\n</think>\n\n", turns },
    });
  const thought = conversation({
    messages: [
      { role: "user", content: "q1" },
      { role: "assistant", content: "a1", reasoning: "r1" },
      { role: "user", content: "q2" },
      { role: "assistant", content: "<think>\nr2\n</think>\n\na2", spans: [{ start: 8, end: 10, weight: 0.5 }] },
    ],
  });
  const answers = (form: TemplateForm, maskOptions: MaskOptions = {}) =>
    createEncoder({ tokenizer, template: { kind: "form", form }, mask: "assistant", maskOptions });

  it("write reasoning between their markers, in every answer or behind the last question", () => {
    const all = answers(thinking("all")).encode(thought, 0);
    expect(trainedText(all)).toBe("<think>\nr1\n</think>\n\na1<|im_end|>\n|<think>\nr2\n</think>\n\na2<|im_end|>\n");
    const last = answers(thinking("last"));
    const made = last.encode(thought, 3);
    expect(trainedText(made)).toBe("a1<|im_end|>\n|<think>\nr2\n</think>\n\na2<|im_end|>\n");
    expect(made.notices).toEqual([expect.objectContaining({ code: "unwritten-reasoning", row: 3 })]);
    expect(last.prefixDiffers(thought, made.encoded)).toBe(false);
    const plain = answers({ ...CHATML_HUMAN_FORM, first_turn: "keep" }).encode(thought, 0);
    expect(plain.notices).toEqual([expect.objectContaining({ code: "unwritten-reasoning" })]);
  });

  it("keep what was painted on reasoning, whose authors they know", () => {
    const encoder = answers(thinking("all"));
    const { encoded } = encoder.encode(thought, 0);
    const at = encoded.text.indexOf("r2");
    const painted = [...encoded.weights].flatMap((weight, i) => (weight === 0.5 ? [encoded.starts[i]] : []));
    expect(new Set(painted)).toEqual(new Set([...encoded.starts].filter((start) => start >= at && start < at + 2)));
    const written = encoder.origins(thought, encoded).filter(({ message }) => message >= 0);
    const pieces = written.map(({ start, end, message, field }) => [encoded.text.slice(start, end), message, field]);
    expect(pieces).toEqual([
      ["q1", 0, "content"],
      ["r1", 1, "reasoning"],
      ["a1", 1, "content"],
      ["q2", 2, "content"],
      ["r2", 3, "content"],
      ["a2", 3, "content"],
    ]);
  });

  it("obey the mask's word on reasoning, markers included", () => {
    const off = answers(thinking("all"), { reasoning: "ignore" }).encode(thought, 0);
    expect(trainedText(off)).toBe("a1<|im_end|>\n|a2<|im_end|>\n");
    const last = answers(thinking("all"), { reasoning: "last" }).encode(thought, 0);
    expect(trainedText(last)).toBe("a1<|im_end|>\n|<think>\nr2\n</think>\n\na2<|im_end|>\n");
  });

  it("find a row whose earlier answer saw reasoning that its training text leaves out", () => {
    const encoder = answers(thinking("last"));
    const tools = conversation({
      messages: [
        { role: "user", content: "q1" },
        { role: "assistant", content: "step", reasoning: "r1" },
        { role: "assistant", content: "a1" },
        { role: "user", content: "q2" },
        { role: "assistant", content: "a2" },
      ],
    });
    expect(encoder.prefixDiffers(tools, encoder.encode(tools, 0).encoded)).toBe(true);
  });

  it("find a row that serving tokenizes otherwise, where pieces merge", () => {
    const heading = (start: string) =>
      answers(
        parseForm({
          name: "headings",
          roles: { user: { start, newline: "\n" }, assistant: { start: "A:\n", end: "<|im_end|>" } },
        }),
      );
    const differs = (encoder: ReturnType<typeof heading>, question: string): boolean => {
      const row = turns(question, "Blue");
      return encoder.prefixDiffers(row, encoder.encode(row, 0).encoded);
    };
    expect(differs(heading("## "), "Name one")).toBe(true); // " Name" is one token
    expect(differs(heading("##\n"), "Name one")).toBe(false);
    expect(differs(heading("##\n"), "\nName one")).toBe(true);
    const chatml = answers({ ...CHATML_HUMAN_FORM, first_turn: "keep" });
    expect(differs(chatml, "Name one")).toBe(false);
    expect(chatml.prefixDiffers(turns("q", "\n\nBlue"), chatml.encode(turns("q", "\n\nBlue"), 0).encoded)).toBe(false);
    expect(chatml.renderPrompt([{ role: "user", content: "\nq" }]).ids).toEqual(
      tokenizer.encode(chatml.renderPrompt([{ role: "user", content: "\nq" }]).text).ids,
    );
  });

  it("pad with a token of the vocabulary", () => {
    const pads = (pad: string) => answers({ ...thinking("all"), pad });
    expect(pads("<|endoftext|>").pad).toEqual({ text: "<|endoftext|>", id: 151643 });
    expect(pads("").pad).toBeUndefined();
    expect(() => pads("[PAD]")).toThrow(expect.objectContaining({ code: "form-tokens", where: { what: "pad" } }));
  });

  it("have chatml-human as an instance", () => {
    const row = turns("q", " a\n", "r", "b");
    const asForm = createEncoder({ tokenizer, template: { kind: "form", form: CHATML_HUMAN_FORM } });
    const asPreset = createEncoder({ tokenizer, template: { kind: "preset", name: "chatml-human" } });
    expect(asForm.mask).toBe("structural");
    expect(asForm.encode(row, 0)).toEqual(asPreset.encode(row, 0));
    expect(asForm.templateSource).toBe(presetOf("chatml-human").twin("You are a helpful assistant."));
  });

  const plain = (train: readonly string[]) =>
    parseForm({
      name: "plain",
      roles: { user: { start: "### Q: ", newline: "\n" }, assistant: { start: "### A: ", end: "eos_token", train } },
    });

  it("stand for the mask assistant where they train answers and their ends only", () => {
    expect(formMask(plain(["content", "end"]))).toBe("assistant");
    expect(formMask(plain(["content"]))).toBe("structural");
    expect(formMask(plain(["start", "content", "end"]))).toBe("structural");
  });

  it("train an answer with its end, which stops generation", () => {
    const form = plain(["content", "end"]);
    const encoder = createEncoder({ tokenizer, template: { kind: "form", form } });
    const end = tokenizer.files.specialTokens.eos_token ?? "";
    expect(trainedText(encoder.encode(turns("q", "a"), 0))).toBe(`a${end}`);
    expect(encoder.endOfTurn).toBe(tokenizer.tokenToId(end));
    const open = createEncoder({ tokenizer, template: { kind: "form", form: plain([]) } });
    expect(open.mask).toBe("structural");
  });

  it("keep what their lists train beside options of the mask", () => {
    const roles = {
      user: { start: "Q: ", train: ["content"] },
      assistant: { start: "A: ", end: "eos_token", train: ["content"] },
    };
    const form = parseForm({ name: "both", roles });
    const trained = (maskOptions: MaskOptions): string => {
      const encoder = createEncoder({ tokenizer, template: { kind: "form", form }, maskOptions });
      return trainedText(encoder.encode(turns("q1", "a1"), 0));
    };
    const end = tokenizer.files.specialTokens.eos_token ?? "";
    expect(trained({})).toBe("q1|a1");
    expect(trained({ endOfTurn: "all" })).toBe(`q1|a1${end}`);
    expect(trained({ rules: [{ pattern: "1", weight: 0 }] })).toBe("q|a");
    expect(trained({ roles: { assistant: 1 } })).toBe("a1");
    const open = parseForm({
      name: "open",
      roles: { user: { start: "Q: " }, assistant: { start: "A: ", train: ["content"] } },
    });
    const make = (): unknown =>
      createEncoder({ tokenizer, template: { kind: "form", form: open }, maskOptions: { endOfTurn: "last" } });
    expect(make).toThrow(/train_on_eos/);
  });

  it("say what is wrong in a file, by key", () => {
    expect(() => parseForm({ name: "x", roles: { user: {}, assistant: { train: ["header"] } } })).toThrow(
      expect.objectContaining({
        code: "template-form",
        message: expect.stringContaining("roles.assistant.train") as string,
      }),
    );
    expect(() => parseForm({ name: "x", roles: { user: {} } })).toThrow(/roles/);
    expect(() => parseForm([])).toThrow(expect.objectContaining({ code: "template-form" }));
  });

  it("name the role that they do not write", () => {
    const encoder = createEncoder({ tokenizer, template: { kind: "form", form: plain(["content"]) } });
    const row = conversation({
      messages: [
        { role: "system", content: "s" },
        { role: "user", content: "q" },
      ],
    });
    expect(() => encoder.encode(row, 4)).toThrow(expect.objectContaining({ code: "role-unknown", where: { row: 4 } }));
  });
});
