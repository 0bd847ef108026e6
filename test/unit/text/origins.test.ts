import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ChatTemplate, createEncoder, type Conversation } from "#shared/text/index.ts";
import { originsOf } from "#shared/text/origins.ts";
import { renderConversation } from "#shared/text/render.ts";
import { sharedPath } from "../../shared.ts";
import { qwenTokenizer } from "./reference.ts";

const CONVERSATION: Conversation = {
  messages: [
    { role: "user", content: " 你好 😀" },
    { role: "assistant", content: "Hi.", tool_calls: [{ function: { name: "f", arguments: { n: 1 } } }] },
  ],
};

/** [rendered text, what of the template put it out, message] of each stretch. */
function pieces(source: string, conversation = CONVERSATION): [string, string, number][] {
  const context = { template: new ChatTemplate(source), specialTokens: {} };
  const { text } = renderConversation(conversation, context).text;
  return originsOf(conversation, context).map((origin) => [
    text.slice(origin.start, origin.end),
    source.slice(origin.templateFrom, origin.templateTo),
    origin.message,
  ]);
}

describe("each stretch of the rendered text names what put it out", () => {
  it.each<[string, string, [string, string, number][]]>([
    [
      "text and expressions",
      "<s>{{ messages[0].content }}!",
      [
        ["<s>", "<s>", -1],
        [" 你好 😀", "{{ messages[0].content }}", 0],
        ["!", "!", -1],
      ],
    ],
    [
      "a literal inside of an expression",
      "{{ 'a\\'\\n' + messages[1].content ~ 7 }}",
      [
        ["a'\n", "'a\\'\\n'", -1],
        ["Hi.", "{{ 'a\\'\\n' + messages[1].content ~ 7 }}", 1],
        ["7", "{{ 'a\\'\\n' + messages[1].content ~ 7 }}", -1],
      ],
    ],
    [
      "a macro: where its body stands, not where it is called",
      "{% macro m(t) %}[{{ t | trim }}]{% endmacro %}{{ m(messages[0].content) }}",
      [
        ["[", "[", -1],
        ["你好 😀", "{{ t | trim }}", 0],
        ["]", "]", -1],
      ],
    ],
    [
      "a captured text: where it was written",
      "{% set c %}({{ messages[1].content }}){% endset %}{{ c | trim }}",
      [
        ["(", "(", -1],
        ["Hi.", "{{ messages[1].content }}", 1],
        [")", ")", -1],
      ],
    ],
    [
      "a default text that is set before it is used",
      "{% set system = 'Be kind.' %}{% for m in messages %}{% if loop.first %}{{ system }}{% endif %}{{ m.role }}\n{% endfor %}",
      [
        ["Be kind.", "'Be kind.'", -1],
        ["user", "{{ m.role }}", 0],
        ["\n", "\n", -1],
        ["assistant", "{{ m.role }}", 1],
        ["\n", "\n", -1],
      ],
    ],
    [
      "filter blocks, calls and generation tags",
      "{% filter trim %} x {% endfilter %}{% macro w() %}<{{ caller() }}>{% endmacro %}{% call w() %}y{% endcall %}{% generation %}z{% endgeneration %}",
      [
        ["x", " x ", -1],
        ["<", "<", -1],
        ["y", "y", -1],
        [">", ">", -1],
        ["z", "z", -1],
      ],
    ],
  ])("%s", (_name, source, expected) => expect(pieces(source)).toEqual(expected));

  it("keeps tool calls with their message", () => {
    const all = pieces("{{ messages[1].tool_calls[0].function | tojson }}");
    expect(all.filter(([, , message]) => message === 1).map(([text]) => text)).toEqual([
      '{"name": "f", "arguments": {"n": 1}}',
    ]);
  });

  it("counts lines as an editor does", () => {
    const context = { template: new ChatTemplate("a\r\n{{ messages[0].role }}\r\n"), specialTokens: {} };
    expect(originsOf(CONVERSATION, context).map(({ line }) => line)).toEqual([1, 2]);
  });
});

const folder = sharedPath("templates");
describe.skipIf(folder === undefined)("templates of ../shared/templates", () => {
  const files = folder === undefined || !existsSync(folder) ? [] : readdirSync(folder);
  it.each(files)("%s: the same text, without gaps", (file) => {
    const source = readFileSync(join(folder ?? "", file), "utf8");
    const encoder = createEncoder({ tokenizer: qwenTokenizer(), template: { kind: "jinja", source } });
    const conversation = { messages: CONVERSATION.messages.map(({ role, content }) => ({ role, content })) };
    const { encoded } = encoder.encode({ kind: "conversation", conversation }, 0);
    const origins = encoder.origins({ kind: "conversation", conversation }, encoded);
    expect(origins[0]?.start).toBe(0);
    expect(origins.at(-1)?.end).toBe(encoded.text.length);
    origins.forEach((origin, i) => {
      if (i > 0) expect(origin.start).toBe(origins[i - 1]?.end);
      expect(origin.line).toBeGreaterThan(0);
      if (origin.message < 0) return;
      expect(JSON.stringify(conversation.messages[origin.message])).toContain(
        encoded.text.slice(origin.start, origin.end).trim(),
      );
    });
  });
});

it("tells the messages of a segment template, which has no source", () => {
  const encoder = createEncoder({ tokenizer: qwenTokenizer(), template: { kind: "preset", name: "chatml-human" } });
  const row = {
    kind: "conversation" as const,
    conversation: { messages: CONVERSATION.messages.map(({ role, content }) => ({ role, content })) },
  };
  const { encoded } = encoder.encode(row, 0);
  const origins = encoder.origins(row, encoded);
  expect(origins.map(({ start, end, message }) => [encoded.text.slice(start, end), message])).toContainEqual([
    " 你好 😀",
    0,
  ]);
  expect(origins.map(({ start, end }) => encoded.text.slice(start, end)).join("")).toBe(encoded.text);
});
