import { describe, expect, it } from "vitest";
import {
  createEncoder,
  type EncoderOptions,
  type EncodeResult,
  IGNORE,
  type MaskOptions,
  type Message,
  type ParsedRow,
  REASONS,
} from "#shared/text/index.ts";
import { CHATML, conversation, qwenTokenizer, trainedText, turns } from "./reference.ts";

const TAGGED =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}{% if m.role == 'assistant' %}" +
  "{% generation %}{{ m.content + '<|im_end|>' }}{% endgeneration %}{% else %}{{ m.content + '<|im_end|>' }}{% endif %}" +
  "{{ '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
const REASONED = CHATML.replace(
  "m.content",
  "('<think>\n' + m.reasoning_content + '\n</think>\n\n' if m.reasoning_content else '') + m.content",
);
const CALLING =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + (m.content or '') }}{% for c in m.tool_calls or [] %}" +
  "{{ '\n<call>' + c.function.name + (c.function.arguments | tojson) + '</call>' }}{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

interface Case {
  readonly options: MaskOptions;
  readonly template?: string;
  readonly mask?: EncoderOptions["mask"];
}

function encode(row: ParsedRow, { options, template = CHATML, mask }: Case): EncodeResult {
  const choice =
    template === "chatml-human"
      ? ({ kind: "preset", name: template } as const)
      : ({ kind: "jinja", source: template } as const);
  const encoder = createEncoder({
    tokenizer: qwenTokenizer(),
    template: choice,
    maskOptions: options,
    ...(mask ? { mask } : {}),
  });
  return encoder.encode(row, 0);
}
const trained = (row: ParsedRow, asked: Case): string => trainedText(encode(row, asked));
const chat = (...messages: Message[]): ParsedRow => conversation({ messages });
const user = (content: string): Message => ({ role: "user", content });
const answer = (content: string, extra: Partial<Message> = {}): Message => ({ role: "assistant", content, ...extra });
const two = turns("q one", "a one", "q two", "a two");

describe.each([
  ["tagless", CHATML],
  ["tagged", TAGGED],
])("options on a %s template", (_, template) => {
  it("say which ends of turns are trained", () => {
    const ends = (endOfTurn: MaskOptions["endOfTurn"]): string => trained(two, { template, options: { endOfTurn } });
    expect(ends("turn")).toBe("a one<|im_end|>|a two<|im_end|>");
    expect(ends("last")).toBe("a one|a two<|im_end|>");
    expect(ends("none")).toBe("a one|a two");
    expect(ends("all")).toBe("<|im_end|>|a one<|im_end|>|<|im_end|>|a two<|im_end|>");
  });
  it("train the opening of a trained turn", () => {
    expect(trained(two, { template, mask: "last_assistant", options: { header: true } })).toBe(
      "<|im_start|>assistant\na two<|im_end|>",
    );
  });
  it("train other roles, with weights", () => {
    const asked = { template, options: { roles: { user: 0.5, assistant: 1 } } };
    expect(trained(two, asked)).toBe("q one<|im_end|>|a one<|im_end|>|q two<|im_end|>|a two<|im_end|>");
    expect(new Set(encode(two, asked).encoded.weights)).toEqual(new Set([0, 0.5, 1]));
    expect(trained(two, { template, options: { roles: { user: 1 } } })).toBe("q one<|im_end|>|q two<|im_end|>");
  });
  it("take rules with weights", () => {
    const rule = { pattern: "one", weight: 3 };
    const { encoded } = encode(two, { template, options: { rules: [rule] } });
    const weighted = [...encoded.weights].flatMap((weight, i) => (weight === 3 ? [i] : []));
    expect(weighted.map((i) => encoded.text.slice(encoded.starts[i], encoded.ends[i]))).toEqual([" one"]);
    expect(weighted.map((i) => encoded.rules?.[i])).toEqual([1]);
    expect(trained(two, { template, options: { rules: [{ ...rule, weight: 0 }] } })).toBe(
      "a|<|im_end|>|a two<|im_end|>",
    );
    expect(trained(two, { template, options: { rules: [{ ...rule, role: "user", weight: 1 }] } })).toBe(
      " one|a one<|im_end|>|a two<|im_end|>",
    );
  });
});

it("what tags hold behind an end of turn goes with it", () => {
  const template = TAGGED.replace("{% endgeneration %}{% else %}", "{{ '\n' }}{% endgeneration %}{% else %}").replace(
    "{{ '\n' }}{% endfor %}",
    "{% endfor %}",
  );
  const ends = (endOfTurn: MaskOptions["endOfTurn"]): string => trained(two, { template, options: { endOfTurn } });
  expect(ends("turn")).toBe("a one<|im_end|>\n|a two<|im_end|>\n");
  expect(ends("last")).toBe("a one|a two<|im_end|>\n");
  expect(ends("none")).toBe("a one|a two");
});

describe("options on a template of segments", () => {
  const template = "chatml-human";
  it("work on its assistant mask", () => {
    const asked = (options: MaskOptions): string => trained(two, { template, mask: "assistant", options });
    expect(asked({ endOfTurn: "none" })).toBe("a one|a two");
    expect(asked({ endOfTurn: "last" })).toBe("a one|a two<|im_end|>\n");
    expect(asked({ header: true })).toBe(
      "<|im_start|>assistant\na one<|im_end|>\n|<|im_start|>assistant\na two<|im_end|>\n",
    );
    expect(asked({ roles: { user: 1 } })).toBe("q one<|im_end|>\n|q two<|im_end|>\n");
    expect(asked({ rules: [{ pattern: "a ", weight: 0 }] })).toBe(" one<|im_end|>\n| two<|im_end|>\n");
  });
  it("work on structural frames", () => {
    expect(trained(turns("q", "a"), { template, options: { endOfTurn: "none" } })).toBe(
      "<|im_start|>|<|im_start|>|<|im_start|>|a",
    );
  });
});

describe("reasoning", () => {
  const inField = chat(
    user("q"),
    answer("a", { reasoning: "hm one" }),
    user("r"),
    answer("b", { reasoning: "hm two" }),
  );
  const inContent = chat(
    user("q"),
    answer("<think>\nhm one\n</think>\n\na"),
    user("r"),
    answer("<think>\nhm two\n</think>\n\nb"),
  );
  const whole = "<think>\nhm one\n</think>\n\na<|im_end|>|<think>\nhm two\n</think>\n\nb<|im_end|>";
  it.each([
    ["in a field", inField],
    ["in the content", inContent],
  ])("%s is trained, ignored, kept of the last turn, or stripped", (_, row) => {
    const as = (reasoning: MaskOptions["reasoning"]): EncodeResult =>
      encode(row, { template: REASONED, options: { reasoning } });
    expect(trainedText(as("train")).replaceAll("\n", "")).toContain("hm one");
    expect(trainedText(as("ignore")).replace(/\n+/g, "")).toBe("a<|im_end|>|b<|im_end|>");
    const last = trainedText(as("last")).replace(/\n+/g, "");
    expect(last.startsWith("a<|im_end|>|")).toBe(true);
    expect(last).toContain("hm two");
    const stripped = as("strip");
    expect(stripped.encoded.text).not.toContain("hm one");
    expect(stripped.encoded.text).toContain("<|im_start|>assistant\na<|im_end|>");
    expect(trainedText(stripped)).toContain("hm two");
    expect(stripped.notices.map((notice) => notice.code)).toEqual(["stripped-reasoning"]);
  });
  it("is out of what serving is given and of where text comes from, too", () => {
    const encoder = createEncoder({
      tokenizer: qwenTokenizer(),
      template: { kind: "jinja", source: CHATML },
      maskOptions: { reasoning: "strip" },
    });
    const { encoded } = encoder.encode(inContent, 0);
    expect(encoder.origins(inContent, encoded).at(-1)?.end).toBe(encoded.text.length);
    expect(encoder.prefixDiffers(inContent, encoded)).toBe(false);
    const { text } = encoder.renderPrompt([user("q"), answer("<think>hm</think>a"), user("r")]);
    expect(text).not.toContain("hm");
    expect(encoded.text.startsWith(text)).toBe(true);
  });
  it("is left to a template that strips by itself", () => {
    const template = CHATML.replace("m.content", "m.content.split('</think>')[-1]");
    const { encoded, notices } = encode(inContent, { template, options: { reasoning: "strip" } });
    expect(encoded.text).toContain("<|im_start|>assistant\n\n\na<|im_end|>");
    expect(notices).toEqual([]);
  });
  it("moves painted weights with the text that is left", () => {
    const content = "<think>\nx\n</think>\n\nkeep paint";
    const start = content.indexOf("paint");
    const row = chat(
      user("q"),
      answer(content, { spans: [{ start, end: start + 5, weight: 0 }] }),
      user("r"),
      answer("b"),
    );
    expect(trained(row, { options: { reasoning: "strip" } })).toBe("keep|<|im_end|>|b<|im_end|>");
  });
  it("trains in full what nothing names", () => {
    expect(trained(inContent, { template: REASONED, options: {} })).toBe(whole);
  });
});

describe("tools", () => {
  const call = { type: "function" as const, function: { name: "find", arguments: { x: 1 } } };
  const row = chat(
    user("q"),
    answer("ok", { tool_calls: [call] }),
    { role: "tool", content: "found it" },
    answer("done"),
  );
  it("calls are switched off with what the template wrote around them", () => {
    expect(trained(row, { template: CALLING, options: { toolCalls: false } })).toBe("ok|<|im_end|>|done<|im_end|>");
    expect(trained(row, { template: CALLING, options: { toolCalls: true } })).toContain('<call>find{"x": 1}</call>');
  });
  it("calls written as text count as calls", () => {
    const text = chat(user("q"), answer('ok <tool_call>{"name": "f"}</tool_call>'));
    expect(trained(text, { options: { toolCalls: false } })).toBe("ok |<|im_end|>");
  });
  it("results are trained by choice", () => {
    expect(trained(row, { template: CALLING, options: { toolResults: true } })).toContain("found it<|im_end|>");
  });
});

describe("what cannot work names its key", () => {
  it.each([
    [{ rules: [{ pattern: "(", weight: 1 }] }, CHATML, "loss_scale"],
    [{ rules: [{ pattern: "(a+)+b", weight: 1 }] }, CHATML, "loss_scale"],
    [{ rules: [{ pattern: "a", weight: -1 }] }, CHATML, "loss_scale"],
    [{ roles: {} }, CHATML, "roles_to_train"],
    [{ roles: { tool: 1 }, toolResults: false }, CHATML, "train_on_tool_results"],
    [{ endOfTurn: "last" }, "{% for m in messages %}{{ m.content }}{% endfor %}", "train_on_eos"],
  ] as [MaskOptions, string, string][])("%j", (options, template, key) => {
    expect(() => encode(two, { options, template })).toThrow(
      expect.objectContaining({ where: expect.objectContaining({ what: key }) as object }),
    );
  });
});

describe("labels again without tokenising", () => {
  const masks = ["assistant", "last_assistant", "all"] as const;
  it.each(masks)("%s gives what encoding anew gives", (mask) => {
    const make = (maskOptions: MaskOptions, policy: (typeof masks)[number]): ReturnType<typeof createEncoder> =>
      createEncoder({
        tokenizer: qwenTokenizer(),
        template: { kind: "jinja", source: CHATML },
        mask: policy,
        maskOptions,
      });
    const tokenized = structuredClone(make({}, "assistant").tokenize(two, 0));
    const options: MaskOptions = { endOfTurn: "last", rules: [{ pattern: "t.o", weight: 2 }] };
    const again = make(options, mask).relabel(tokenized, 0);
    expect(again.rows[0]).toEqual(make(options, mask).encode(two, 0).encoded);
  });
});

describe("everything that is trained is named by an option", () => {
  it("over random options, conversations and templates", () => {
    const next = generator(7);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
    for (let round = 0; round < 150; round++) {
      const inSegments = next() < 0.25;
      const messages = Array.from({ length: 1 + Math.floor(next() * 5) }, (_, i): Message => {
        const text = pick(["", "one two", "<think>\nhm\n</think>\n\nyes", "数字 12 😀", " spaced "]);
        const role = pick(inSegments ? ["user", "assistant"] : ["system", "user", "assistant", "tool"]);
        return { role: i === 0 && inSegments ? "user" : role, content: `${text}${i}` };
      });
      const roles = pick([undefined, { assistant: 1 }, { user: 0.5 }, { assistant: 0.5, tool: 2 }]);
      const options: MaskOptions = {
        endOfTurn: pick([undefined, "turn", "last", "none"] as const),
        header: pick([undefined, true]),
        reasoning: pick([undefined, "train", "ignore", "last"] as const),
        roles,
        rules: pick([[], [{ pattern: "\\d+", weight: 0 }], [{ pattern: "o", weight: 2 }]]),
      };
      const { encoded, facts } = encode(chat(...messages), {
        options,
        ...(inSegments
          ? { template: "chatml-human", mask: "assistant" as const }
          : { template: pick([CHATML, TAGGED, REASONED]) }),
      });
      const named = new Set(Object.keys(roles ?? { assistant: 1 }));
      encoded.labels.forEach((label, i) => {
        const reason = REASONS[encoded.reasons[i] ?? 0] ?? "template";
        expect(label === IGNORE).toBe(encoded.weights[i] === 0);
        if (label === IGNORE) return;
        expect(label).toBe(encoded.ids[i]);
        const role = facts.roles[encoded.messages[i] ?? -1];
        if (role !== undefined && reason !== "header") expect([...named]).toContain(role);
        expect(reason).not.toMatch(/-off|-earlier|template|other-role/);
        if (options.endOfTurn === "none") expect(reason).not.toBe("end-of-turn");
        if (options.header !== true) expect(reason).not.toBe("header");
      });
    }
  });
});

/** Small deterministic generator (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
