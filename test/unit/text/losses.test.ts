import { describe, expect, it } from "vitest";
import {
  createEncoder,
  exampleOf,
  inspectRow,
  REASONS,
  type Conversation,
  type ParsedRow,
} from "#shared/text/index.ts";
import { renderConversation, segmentsOf } from "#shared/text/render.ts";
import { ChatTemplate } from "#shared/text/jinja/template.ts";
import { qwenTokenizer } from "./reference.ts";

const conversation: Conversation = {
  messages: [
    { role: "user", content: "what is it" },
    { role: "assistant", content: "it is mid\nlevel" },
  ],
};
const row: ParsedRow = { kind: "conversation", conversation };

/** No role, no prompt to ask with: the answer is found through who wrote it, or not at all. */
const around = (answer: string): string =>
  `{% for m in messages %}\n{% if m.role == 'assistant' %}A: ${answer}<|im_end|>{% else %}U: {{ m.content }}\n{% endif %}{% endfor %}`;

function losses(answer: string): unknown[] {
  const template = new ChatTemplate(around(answer));
  const rendered = renderConversation(conversation, { template, specialTokens: {} });
  return segmentsOf(rendered).flatMap(({ loss, message, start, end }) =>
    loss && message < 0 ? [{ text: rendered.text.text.slice(start, end), ...loss }] : [],
  );
}

describe("an operation that loses who wrote a text is remembered, with its place", () => {
  it.each([
    ["{{ m.content | upper }}", "upper", "IT IS MID\nLEVEL"],
    ["{{ m.content.upper() }}", "upper", "IT IS MID\nLEVEL"],
    ["{{ (m.content | title)[3:] }}", "title", "Is Mid\nLevel"],
    ["{{ m['content'] | urlencode }}", "urlencode", "it%20is%20mid%0Alevel"],
    ["{{ m.content.swapcase() | trim }}", "swapcase", "IT IS MID\nLEVEL"],
    ["{{ 'x %s' % m.content.capitalize() }}", "capitalize", "It is mid\nlevel"],
    ["{{ [m.content] | map('upper') | join }}", "upper", "IT IS MID\nLEVEL"],
    ["{% filter upper %}{{ m.content }}{% endfilter %}", "upper", "IT IS MID\nLEVEL"],
  ])("%s", (answer, operation, text) => {
    const found = losses(answer);
    expect(found).toEqual([
      { text, message: 1, operation, line: 2, column: expect.any(Number) as number, field: "content" },
    ]);
  });

  it("names what stands in place of a text, and nothing where a text is only left out", () => {
    expect(losses("{{ m.content | replace('\\n', ' ') }}")).toMatchObject([
      { text: " ", operation: "replace", message: 1 },
    ]);
    expect(losses("{{ m.content.replace('it is ', '') }}")).toEqual([]);
    expect(losses("{{ m.content | trim }}{{ m.content.split('is')[-1] }}{{ m.content | tojson }}")).toEqual([]);
  });

  it("is no loss where nothing changed, of a role's name, or of the template's own text", () => {
    expect(losses("{{ m.content | lower }}{{ m.role | upper }}{{ 'a' | upper }}{{ 'ab'.replace('a', 'c') }}")).toEqual(
      [],
    );
  });

  it("says in reason, notice, proof and example why an answer is not trained", () => {
    const template = { kind: "jinja", source: around("{{ m.content | upper }}") } as const;
    const encoder = createEncoder({ tokenizer: qwenTokenizer(), template });
    const { encoded, facts, notices } = encoder.encode(row, 0);
    const at = encoded.text.indexOf("IT IS");
    const token = encoded.ends.findIndex((end) => end > at + 1);
    expect(REASONS[encoded.reasons[token] ?? 0]).toBe("transformed");
    expect(encoded.messages[token]).toBe(-1);
    expect(notices.map(({ message }) => message)).toEqual([
      expect.stringMatching(/changes turn 2 with upper \(line 2, column \d+\)/),
    ]);
    const context = { tokenizer: encoder.tokenizer, mask: encoder.mask, stopIds: encoder.stopIds };
    const [name] = inspectRow({ encoded, facts }, context);
    expect(name).toBe("no-scored-token");
    const example = exampleOf("no-scored-token", { row: 0, parsed: row, encoded, facts, encoder });
    expect(example).toMatchObject({ loss: { operation: "upper", message: 1 } });
    expect(`${example.marked}${example.after}`).toContain("IT IS");
    expect(encoder.origins(row, encoded).filter(({ loss }) => loss)).toMatchObject([{ loss: { operation: "upper" } }]);
  });

  it("is a finding where the answer is trained all the same", () => {
    const source =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content | replace('\\n', ' ') }}<|im_end|>\n{% endfor %}" +
      "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    const encoder = createEncoder({ tokenizer: qwenTokenizer(), template: { kind: "jinja", source } });
    const { encoded, facts } = encoder.encode(row, 0);
    const context = { tokenizer: encoder.tokenizer, mask: encoder.mask, stopIds: encoder.stopIds };
    expect(inspectRow({ encoded, facts }, context)).toEqual(["text-mismatch"]);
    const example = exampleOf("text-mismatch", { row: 0, parsed: row, encoded, facts, encoder });
    expect(example).toMatchObject({
      loss: { operation: "replace", message: 1 },
      before: expect.stringContaining("it is mid") as string,
    });
  });

  it("names an answer of which the template writes nothing", () => {
    const template = { kind: "jinja", source: around("yes") } as const;
    const { facts, notices } = createEncoder({ tokenizer: qwenTokenizer(), template }).encode(row, 0);
    expect(facts.losses).toMatchObject([{ operation: "", message: 1 }]);
    expect(notices[0]?.message).toContain("writes nothing of turn 2");
  });
});
