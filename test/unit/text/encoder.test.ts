import { describe, expect, it } from "vitest";
import { SiftError } from "#shared/errors.ts";
import {
  createEncoder,
  IGNORE,
  type Message,
  type ParsedRow,
  REASONS,
  shiftLabels,
  sliceRow,
} from "#shared/text/index.ts";
import { CHATML, conversation, encodeWith, qwenTokenizer, trainedText, turns } from "./reference.ts";

const assistantWith = (extra: Partial<Message>): ParsedRow =>
  conversation({
    messages: [
      { role: "user", content: "q" },
      { role: "assistant", content: "one two three", ...extra },
    ],
  });

describe("mask policies without tags, by who wrote what", () => {
  const row = turns("first question", "first answer", "second question", "second answer");
  it("assistant trains each answer and its end of turn", () => {
    expect(trainedText(encodeWith(CHATML, row))).toBe("first answer<|im_end|>|second answer<|im_end|>");
  });
  it("last_assistant trains the last one only", () => {
    const result = encodeWith(CHATML, row, { mask: "last_assistant" });
    expect(trainedText(result)).toBe("second answer<|im_end|>");
    const reasons = [...result.encoded.reasons].map((reason) => REASONS[reason]);
    expect(reasons).toContain("earlier-turn");
    expect(reasons).toContain("other-role");
  });
  it("all trains everything", () => {
    const { encoded } = encodeWith(CHATML, row, { mask: "all" });
    expect(Array.from(encoded.labels)).toEqual(Array.from(encoded.ids));
  });
  it("structural needs segments", () => {
    expect(() => encodeWith(CHATML, row, { mask: "structural" })).toThrow(/made of segments/);
  });
  it("keeps what a template trims out of the answer", () => {
    const trimming = CHATML.replace("m.content", "(m.content | trim)");
    expect(trainedText(encodeWith(trimming, turns("q", "\n  answer  \n")))).toBe("answer<|im_end|>");
  });
  it("fills what the template puts between the parts of one answer", () => {
    const template =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}";
    expect(trainedText(encodeWith(template, assistantWith({ reasoning: "hm" })))).toBe(
      "hm</think>one two three<|im_end|>",
    );
  });
  it("begins where the generation prompt ends, as serving does", () => {
    const template = `{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}<think>\n\n</think>\n\n{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}`;
    expect(trainedText(encodeWith(template, turns("q", "a")))).toBe("<think>\n\n</think>\n\na<|im_end|>");
  });
  it("trains the end of an answer without text", () => {
    expect(trainedText(encodeWith(CHATML, turns("q", "", "q2", "a")))).toBe("<|im_end|>|a<|im_end|>");
  });
  it("trains tool calls whole", () => {
    const template = CHATML.replace(
      "+ m.content",
      "+ m.content + ('<tool_call>' + m.tool_calls | tojson + '</tool_call>' if m.tool_calls else '')",
    );
    const call = { type: "function" as const, function: { name: "f", arguments: { x: 1 } } };
    const text = trainedText(encodeWith(template, assistantWith({ content: "", tool_calls: [call] })));
    expect(text).toBe(
      '<tool_call>[{"type": "function", "function": {"name": "f", "arguments": {"x": 1}}}]</tool_call><|im_end|>',
    );
  });
  it("trains what closes a tool call where the next turn's mark is what stops it", () => {
    const template =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% for c in m.tool_calls or [] %}<call>{{ c.function.name }}</call>{% endfor %}" +
      "{{ '<|im_end|>' if not m.tool_calls }}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    const call = { type: "function" as const, function: { name: "f", arguments: { x: 1 } } };
    const messages = [
      { role: "user", content: "q" },
      { role: "assistant", content: "", tool_calls: [call] },
      { role: "tool", content: "1" },
      { role: "assistant", content: "a" },
    ];
    expect(trainedText(encodeWith(template, conversation({ messages })))).toBe("<call>f</call>|a<|im_end|>");
  });
  it("does not train the name that a template writes again beside a tool's result", () => {
    const template =
      "{% for m in messages %}{% if m.role == 'assistant' %}{{ m.content }}" +
      "{% for c in m.tool_calls or [] %}<call>{{ c.function.name }}{x}</call>" +
      "{% if messages[2] is defined %}<|box_start|>{{ c.function.name }}:{{ messages[2].content }}<|box_end|>{% endif %}{% endfor %}" +
      "{{ '<|im_end|>\n' if not m.tool_calls }}{% elif m.role == 'user' %}<|im_start|>{{ m.content }}<|im_end|>\n<|im_start|>model\n{% endif %}{% endfor %}";
    const call = { type: "function" as const, function: { name: "look_up", arguments: {} } };
    const messages = [
      { role: "user", content: "q" },
      { role: "assistant", content: "so ", tool_calls: [call] },
      { role: "tool", content: "41" },
      { role: "assistant", content: "a" },
    ];
    const trained = trainedText(encodeWith(template, conversation({ messages })));
    expect(trained).toBe("so <call>look_up{x}</call>|a<|im_end|>");
  });
  it("knows an end of turn that is no single token", () => {
    const template = "{% for m in messages %}[{{ m.role }}] {{ m.content }} [/end]\n{% endfor %}";
    const result = encodeWith(template, turns("q", "answer", "q", "more"));
    expect(trainedText(result)).toBe(" answer [/end]\n| more [/end]\n");
  });
});

describe("weights", () => {
  it("of a message scale its loss, and 0 switches it off", () => {
    const half = encodeWith(CHATML, assistantWith({ weight: 0.5 })).encoded;
    expect(new Set([...half.weights].filter((weight) => weight > 0))).toEqual(new Set([0.5]));
    const off = encodeWith(CHATML, assistantWith({ weight: 0 }));
    expect(trainedText(off)).toBe("");
    expect([...off.encoded.reasons].map((reason) => REASONS[reason])).toContain("weight-zero");
  });
  it("of spans apply to their characters", () => {
    const result = encodeWith(
      CHATML,
      assistantWith({
        spans: [
          { start: 3, end: 7, weight: 0 },
          { start: 8, end: 13, weight: 2 },
        ],
      }),
    );
    expect(trainedText(result)).toBe("one| three<|im_end|>");
    const { encoded } = result;
    const weightOf = (text: string): number | undefined =>
      encoded.weights[
        [...encoded.starts].findLastIndex((start, i) => encoded.text.slice(start, encoded.ends[i]) === text)
      ];
    expect(weightOf("one")).toBe(1);
    expect(weightOf(" three")).toBe(2); // the space before it was not painted
    expect(weightOf("<|im_end|>")).toBe(1);
  });
  it("apply with tags and in the preset too", () => {
    const tagged = CHATML.replace("{{ '<|im_start|>'", "{% generation %}{{ '<|im_start|>'").replace(
      "\n' }}{% endfor %}",
      "\n' }}{% endgeneration %}{% endfor %}",
    );
    expect(
      trainedText(encodeWith(tagged, conversation({ messages: [{ role: "assistant", content: "a", weight: 0 }] }))),
    ).toBe("");
    const encoder = createEncoder({
      tokenizer: qwenTokenizer(),
      template: { kind: "preset", name: "chatml-human" },
      mask: "assistant",
    });
    expect(trainedText(encoder.encode(assistantWith({ spans: [{ start: 0, end: 4, weight: 0 }] }), 0))).toBe(
      " two three<|im_end|>\n",
    );
  });
});

describe("over-long rows", () => {
  const row = turns("q", "a ".repeat(50), "q", "b ".repeat(50));
  const encoder = (overLength: "error" | "truncate" | "drop" | "split"): ReturnType<typeof createEncoder> =>
    createEncoder({
      tokenizer: qwenTokenizer(),
      template: { kind: "jinja", source: CHATML },
      maxLength: 80,
      overLength,
    });
  it("are an error that names both lengths", () => {
    const run = (): unknown => encoder("error").encode(row, 4);
    expect(run).toThrow(expect.objectContaining({ code: "over-length", where: { row: 4 } }));
  });
  it("are cut at the end, and say so", () => {
    const { encoded, notices } = encoder("truncate").encode(row, 0);
    expect(encoded.ids).toHaveLength(80);
    expect(encoded.truncatedTokens).toBeGreaterThan(0);
    expect(notices.map((notice) => notice.code)).toEqual(["truncated"]);
  });
  it("are left out, or split behind a turn with nothing lost", () => {
    expect(encoder("drop").encodeAll(row, 0).rows).toEqual([]);
    const { rows } = encoder("split").encodeAll(row, 0);
    const whole = createEncoder({ tokenizer: qwenTokenizer(), template: { kind: "jinja", source: CHATML } }).encode(
      row,
      0,
    ).encoded;
    expect(rows.flatMap((part) => Array.from(part.ids))).toEqual(Array.from(whole.ids));
    expect(rows.every((part) => part.ids.length <= 80)).toBe(true);
    expect(rows[0]?.ids.at(-1)).toBe(151645);
  });
  it("that fit are left alone by every policy", () => {
    for (const policy of ["error", "truncate", "drop", "split"] as const) {
      expect(encoder(policy).encodeAll(turns("q", "a"), 0).rows).toHaveLength(1);
    }
  });
});

describe("the labels' one shift", () => {
  it("scores a position whose next token is supervised, never the last", () => {
    const shifted = shiftLabels({ labels: Int32Array.of(7, IGNORE, 9, 10), weights: Float32Array.of(1, 0, 0.5, 2) });
    expect(Array.from(shifted.labels)).toEqual([IGNORE, 9, 10, IGNORE]);
    expect(Array.from(shifted.weights)).toEqual([0, 0.5, 2, 0]);
  });
  it("refuses arrays that do not belong together", () => {
    expect(() => shiftLabels({ labels: Int32Array.of(1), weights: new Float32Array(2) })).toThrow(SiftError);
  });
});

describe("other rows", () => {
  it("plain text trains every token", () => {
    const { encoded } = encodeWith(CHATML, { kind: "text", text: "Once upon a time" });
    expect(Array.from(encoded.labels)).toEqual(Array.from(encoded.ids));
  });
  it("token ids are checked and kept", () => {
    const { encoded, facts } = encodeWith(CHATML, {
      kind: "tokens",
      tokens: { inputIds: [5, 6, 7], labels: [IGNORE, 6, 7] },
    });
    expect(Array.from(encoded.labels)).toEqual([IGNORE, 6, 7]);
    expect(facts.kind).toBe("tokens");
  });
  it.each([
    [[5, 999_999], [5, IGNORE], "row-token-id"],
    [[5, 6], [6, IGNORE], "row-label"],
    [[5, -1], [5, -1], "row-token-id"],
  ])("ids %j with labels %j are refused", (inputIds, labels, code) => {
    expect(() => encodeWith(CHATML, { kind: "tokens", tokens: { inputIds, labels } })).toThrow(
      expect.objectContaining({ code, where: { row: 0 } }),
    );
  });
  it("an unknown role that the template drops is named with its turn", () => {
    const dropping =
      "{% for m in messages %}{% if m.role in ['user', 'assistant'] %}{{ m.content }}{% endif %}{% endfor %}";
    const row = conversation({
      messages: [
        { role: "narrator", content: "Once." },
        { role: "assistant", content: "a" },
      ],
    });
    expect(() => encodeWith(dropping, row)).toThrow(
      expect.objectContaining({ code: "role-unknown", message: expect.stringContaining("'narrator'") as string }),
    );
    expect(encodeWith(CHATML, row).facts.roles).toEqual(["narrator", "assistant"]);
  });
  it("special tokens in content are noticed", () => {
    const { notices, facts, encoded } = encodeWith(CHATML, turns("q", "an <|im_end|> inside"));
    expect(notices.map((notice) => notice.code)).toEqual(["special-token-in-content"]);
    expect(facts.specialInContent.map((i) => encoded.ids[i])).toEqual([151645]);
  });
});

describe("prompts for generation", () => {
  it("stand before what is trained, token for token", () => {
    const encoder = createEncoder({ tokenizer: qwenTokenizer(), template: { kind: "jinja", source: CHATML } });
    const { ids, text } = encoder.renderPrompt([{ role: "user", content: "q" }]);
    expect(text).toBe("<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n");
    expect(Array.from(encoder.encode(turns("q", "a"), 0).encoded.ids.slice(0, ids.length))).toEqual(ids);
    expect(encoder.stopIds).toEqual([151645]);
  });
  it("that training does not follow are found", () => {
    const differs = CHATML.replace("{{ '<|im_start|>assistant\n' }}", "{{ '<|im_start|>assistant: ' }}");
    const check = (source: string): boolean => {
      const encoder = createEncoder({ tokenizer: qwenTokenizer(), template: { kind: "jinja", source } });
      const row = turns("q", "a");
      return encoder.prefixDiffers(row, encoder.encode(row, 0).encoded);
    };
    expect(check(CHATML)).toBe(false);
    expect(check(differs)).toBe(true);
  });
});

describe("system turns", () => {
  const row = conversation({
    messages: [
      { role: "system", content: "own" },
      { role: "user", content: "q" },
      { role: "assistant", content: "a" },
    ],
  });
  it("are added where a row has none, kept where it has one, or dropped", () => {
    expect(encodeWith(CHATML, turns("q", "a"), { systemMessage: "default" }).encoded.text).toContain("system\ndefault");
    expect(encodeWith(CHATML, row, { systemMessage: "default" }).encoded.text).toContain("system\nown");
    expect(encodeWith(CHATML, row, { systemPolicy: "drop" }).encoded.text).not.toContain("own");
  });
  it("template variables reach the template, a row's own first", () => {
    const template = "{{ mood }}{% for m in messages %}{{ m.content }}{% endfor %}";
    expect(encodeWith(template, turns("q", "a"), { variables: { mood: "calm " } }).encoded.text).toBe("calm qa");
    const own = conversation({ messages: [{ role: "user", content: "q" }], variables: { mood: "wild " } });
    expect(encodeWith(template, own, { variables: { mood: "calm " } }).encoded.text).toBe("wild q");
  });
});

it("a template that does not end is refused at once, not row by row", () => {
  const endless = "{% for a in range(99999) %}".repeat(3) + "{% endfor %}".repeat(3);
  const run = (): unknown =>
    createEncoder({
      tokenizer: qwenTokenizer(),
      template: { kind: "jinja", source: endless },
      limits: { maxSteps: 50_000 },
    });
  expect(run).toThrow(expect.objectContaining({ code: "template-limit" }));
});

it("a slice of a row keeps its arrays together", () => {
  const { encoded } = encodeWith(CHATML, turns("q", "a"));
  const part = sliceRow(encoded, 2, 5);
  expect(Array.from(part.ids)).toEqual(Array.from(encoded.ids.slice(2, 5)));
  expect(part.labels).toHaveLength(3);
});
