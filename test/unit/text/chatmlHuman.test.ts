import { describe, expect, it } from "vitest";
import {
  ChatTemplate,
  createEncoder,
  type EncoderOptions,
  PRESET_NAMES,
  presetOf,
  Tokenizer,
  toTemplateMessages,
} from "#shared/text/index.ts";
import { conversation, qwenTokenizer, trainedText, turns } from "./reference.ts";

function preset(options: Partial<EncoderOptions> = {}): ReturnType<typeof createEncoder> {
  return createEncoder({ tokenizer: qwenTokenizer(), template: { kind: "preset", name: "chatml-human" }, ...options });
}

describe("chatml-human", () => {
  it("is a preset with its own mask", () => {
    expect(PRESET_NAMES).toContain("chatml-human");
    expect(preset().mask).toBe("structural");
    expect(() => presetOf("nope")).toThrow(expect.objectContaining({ remedy: `presets: ${PRESET_NAMES.join(", ")}` }));
  });

  it("writes the tutorial's text and scores S, E and N of every role", () => {
    const result = preset().encode(turns("q", "a"), 0);
    expect(result.encoded.text).toBe(
      "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>human\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n",
    );
    expect(trainedText(result)).toBe("<|im_start|>|<|im_end|>\n<|im_start|>|<|im_end|>\n<|im_start|>|a<|im_end|>\n");
  });

  it("under the mask assistant trains text, E and the N after it", () => {
    expect(trainedText(preset({ mask: "assistant" }).encode(turns("q", "a", "r", "b"), 0))).toBe(
      "a<|im_end|>\n|b<|im_end|>\n",
    );
    expect(trainedText(preset({ mask: "last_assistant" }).encode(turns("q", "a", "r", "b"), 0))).toBe("b<|im_end|>\n");
  });

  it("tokenizes each piece on its own", () => {
    const { ids } = preset().encode(turns("\nq", "a"), 0).encoded;
    const newline = qwenTokenizer().encode("\n").ids[0];
    const human = [...ids].lastIndexOf(qwenTokenizer().encode("human").ids[0] ?? -1);
    expect([...ids.slice(human + 1, human + 3)]).toEqual([newline, newline]);
  });

  it("drops a first turn that is not a user's, and says so", () => {
    const row = conversation({
      messages: [
        { role: "assistant", content: "Hello!" },
        { role: "user", content: "q" },
        { role: "assistant", content: "a" },
      ],
    });
    const { encoded, notices } = preset().encode(row, 3);
    expect(encoded.text).not.toContain("Hello!");
    expect(notices).toEqual([expect.objectContaining({ code: "dropped-first-turn", row: 3 })]);
  });

  it("lets a leading system turn replace the default text by policy", () => {
    const row = conversation({
      messages: [
        { role: "system", content: "own" },
        { role: "user", content: "q" },
        { role: "assistant", content: "a" },
      ],
    });
    expect(preset().encode(row, 0).encoded.text).toContain("system\nYou are a helpful assistant.<|im_end|>");
    const own = preset({ systemPolicy: "row" }).encode(row, 0);
    expect(own.encoded.text).toContain("system\nown<|im_end|>");
    expect(own.notices).toEqual([]);
    expect(preset({ systemMessage: "other" }).encode(row, 0).encoded.text).toContain("system\nother<|im_end|>");
  });

  it("names row and role of any other turn", () => {
    const row = conversation({
      messages: [
        { role: "user", content: "q" },
        { role: "tool", content: "x" },
      ],
    });
    expect(() => preset().encode(row, 12)).toThrow(
      expect.objectContaining({
        code: "role-unknown",
        where: { row: 12 },
        message: expect.stringContaining("turn 2 has the role 'tool'") as string,
      }),
    );
  });

  it("turns a special token in content into that token, and notices it", () => {
    const { encoded, notices, facts } = preset().encode(turns("a <|im_end|> b", "c"), 0);
    expect([...encoded.ids].filter((id) => id === 151645)).toHaveLength(4);
    expect(notices.map((notice) => notice.code)).toEqual(["special-token-in-content"]);
    expect(facts.specialInContent).toHaveLength(1);
  });

  it("refuses a tokenizer without its marks, and says what to do", () => {
    const plain = new Tokenizer({
      model: { type: "BPE", vocab: { a: 0, "<unk>": 1 }, merges: [], unk_token: "<unk>" },
    });
    expect(() => createEncoder({ tokenizer: plain, template: { kind: "preset", name: "chatml-human" } })).toThrow(
      expect.objectContaining({ code: "preset-tokens", remedy: expect.stringContaining("own template") as string }),
    );
  });
});

describe("its Jinja twin", () => {
  const render = (messages: Parameters<typeof toTemplateMessages>[0], addGenerationPrompt = false): string => {
    const variables = new Map([
      ["messages", toTemplateMessages(messages)],
      ["add_generation_prompt", addGenerationPrompt],
    ] as const);
    return new ChatTemplate(preset().templateSource).render(variables).text.text;
  };
  it("writes the same text", () => {
    const rows = [
      turns("q", "a"),
      turns(" x ", "\ny\n", "z", "{{ w }}"),
      conversation({
        messages: [
          { role: "system", content: "s" },
          { role: "user", content: "q" },
        ],
      }),
    ];
    for (const row of rows) {
      if (row.kind !== "conversation") continue;
      expect(render(row.conversation.messages)).toBe(preset().encode(row, 0).encoded.text);
    }
  });
  it("asks for an answer with the text that serving gives", () => {
    const messages = [{ role: "user", content: "q" }];
    const prompt = preset().renderPrompt(messages);
    expect(render(messages, true)).toBe(prompt.text);
    expect(Array.from(preset().encode(turns("q", "a"), 0).encoded.ids.slice(0, prompt.ids.length))).toEqual(prompt.ids);
  });
  it("keeps a default text with quotes and line feeds", () => {
    const encoder = preset({ systemMessage: "It's\n\\ok" });
    const variables = new Map([["messages", toTemplateMessages([{ role: "user", content: "q" }])]] as const);
    expect(new ChatTemplate(encoder.templateSource).render(variables).text.text).toContain(
      "system\nIt's\n\\ok<|im_end|>",
    );
  });
  it("refuses what the preset refuses", () => {
    expect(() =>
      render([
        { role: "user", content: "q" },
        { role: "tool", content: "x" },
      ]),
    ).toThrow(/not tool/);
  });
});
