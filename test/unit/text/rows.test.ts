import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SiftError } from "#shared/errors.ts";
import { type Conversation, createRowReader, detectShape, parseRow, parseRowText } from "#shared/text/index.ts";
import { sharedPath } from "../../shared.ts";

function messagesOf(row: unknown): Conversation["messages"] {
  const parsed = parseRow(row);
  if (parsed.kind !== "conversation") throw new Error(`a ${parsed.kind}`);
  return parsed.conversation.messages;
}

function conversationOf(row: unknown): Conversation {
  const parsed = parseRow(row);
  if (parsed.kind !== "conversation") throw new Error(`a ${parsed.kind}`);
  return parsed.conversation;
}

describe("ShareGPT and BELLE rows", () => {
  it("resolve their roles", () => {
    const from = ["system", "human", "gpt", "observation", "assistant", "user", "tool"];
    const roles = messagesOf({ conversations: from.map((name) => ({ from: name, value: "x" })) }).map((m) => m.role);
    expect(roles).toEqual(["system", "user", "assistant", "tool", "assistant", "user", "tool"]);
  });

  it("turn a function call into a tool call with empty content, and read tools from their JSON text", () => {
    const row = {
      conversations: [
        { from: "human", value: "?" },
        { from: "function_call", value: '{"name": "f", "arguments": {"x": 1.0}}' },
        { from: "observation", value: "{}" },
      ],
      tools: '[{"name": "f"}]',
      system: "Be brief.",
      id: 7,
    };
    const conversation = conversationOf(row);
    expect(conversation.tools).toEqual([{ name: "f" }]);
    expect(conversation.id).toBe("7");
    expect(conversation.messages[0]).toEqual({ role: "system", content: "Be brief." });
    expect(conversation.messages[2]).toEqual({
      role: "assistant",
      content: "",
      tool_calls: [{ type: "function", function: { name: "f", arguments: { x: new Number(1) } } }],
    });
    expect(conversation.messages[3]?.role).toBe("tool");
  });

  it("take role and content inside conversations, and keep a role nobody knows", () => {
    const messages = messagesOf({
      conversations: [
        { role: "user", content: "a" },
        { role: "narrator", content: "b" },
      ],
    });
    expect(messages).toEqual([
      { role: "user", content: "a" },
      { role: "narrator", content: "b" },
    ]);
  });

  it("take the user's own names for roles", () => {
    const row = {
      messages: [
        { role: "client", content: "a" },
        { role: "counselor", content: "b" },
      ],
    };
    const roleAliases = new Map([
      ["client", "user"],
      ["counselor", "assistant"],
    ]);
    const parsed = parseRow(row, { roleAliases });
    expect(parsed.kind === "conversation" && parsed.conversation.messages.map((m) => m.role)).toEqual([
      "user",
      "assistant",
    ]);
  });
});

describe("OpenAI rows", () => {
  it("keep parts, reasoning, tool calls with JSON text, weights and unknown keys", () => {
    const [user, assistant, tool] = messagesOf({
      messages: [
        { role: "user", content: [{ type: "text", text: "hi" }, "plain"], name: "ann" },
        {
          role: "assistant",
          content: "abc",
          reasoning_content: "because",
          tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: '{"a": [1]}' } }],
          weight: 0.5,
          spans: [{ start: 1, end: 3, weight: 0 }],
          mood: "good",
        },
        { role: "tool", content: "42", tool_call_id: "c1" },
      ],
    });
    expect(user).toEqual({
      role: "user",
      content: [
        { type: "text", text: "hi" },
        { type: "text", text: "plain" },
      ],
      name: "ann",
    });
    expect(assistant).toMatchObject({
      reasoning: "because",
      weight: 0.5,
      spans: [{ start: 1, end: 3, weight: 0 }],
      extra: { mood: "good" },
    });
    expect(assistant?.tool_calls).toEqual([
      { type: "function", id: "c1", function: { name: "f", arguments: { a: [1] } } },
    ]);
    expect(tool?.tool_call_id).toBe("c1");
  });
  it("leave arguments that are no JSON object as they are", () => {
    const [message] = messagesOf({
      messages: [
        { role: "assistant", content: null, tool_calls: [{ function: { name: "f", arguments: "not json" } }] },
      ],
    });
    expect(message?.tool_calls?.[0]?.function.arguments).toBe("not json");
  });
});

describe("other shapes", () => {
  it("Alpaca: system, history, instruction, a line feed and the input", () => {
    const row = { instruction: "Sort.", input: "b a", output: "a b", system: "s", history: [["q", "a"]] };
    expect(messagesOf(row).map((m) => [m.role, m.content])).toEqual([
      ["system", "s"], ["user", "q"], ["assistant", "a"], ["user", "Sort.\nb a"], ["assistant", "a b"],
    ]); // prettier-ignore
    expect(messagesOf({ instruction: "Sort.", input: "", output: "x" })[0]?.content).toBe("Sort.");
  });
  it("pairs, text, token ids, XTuner's conversation", () => {
    expect(messagesOf({ question: "q", answer: "a" }).map((m) => m.role)).toEqual(["user", "assistant"]);
    expect(
      messagesOf({ prompt: [{ role: "user", content: "q" }], completion: [{ role: "assistant", content: "a" }] }),
    ).toHaveLength(2);
    expect(parseRow({ text: "once" })).toEqual({ kind: "text", text: "once" });
    expect(parseRow({ input_ids: [1, 2], labels: [-100, 2] })).toEqual({
      kind: "tokens",
      tokens: { inputIds: [1, 2], labels: [-100, 2] },
    });
    expect(messagesOf({ conversation: [{ system: "s", input: "q", output: "a" }] }).map((m) => m.role)).toEqual([
      "system",
      "user",
      "assistant",
    ]);
  });
  it("are told apart", () => {
    expect(detectShape({ messages: [] })).toBe("messages");
    expect(detectShape({ conversations: [] })).toBe("sharegpt");
    expect(detectShape({ foo: 1 })).toBeUndefined();
    expect(detectShape([1])).toBeUndefined();
  });
});

describe("bad rows say what came", () => {
  it.each([
    [{ foo: 1, bar: 2 }, "row-shape", "foo, bar"],
    ["text", "row-shape", "got text"],
    [[1], "row-shape", "got a list"],
    [{ messages: [] }, "row-empty", "messages"],
    [{ conversations: [] }, "row-empty", "conversations"],
    [{ messages: ["x"] }, "row-turn", "turn 1"],
    [{ messages: [{ content: "x" }] }, "row-role", "turn 1"],
    [{ messages: [{ role: "user" }] }, "row-turn", "turn 1 (user)"],
    [{ conversations: [{ from: "human", value: 5 }] }, "row-turn", "a number"],
    [{ conversations: [{ from: "function_call", value: "{oops" }] }, "row-nested-json", "function_call"],
    [{ conversations: [{ from: "function_call", value: "{}" }] }, "row-tool-calls", "no function name"],
    [{ messages: [{ role: "user", content: "x" }], tools: "[oops" }, "row-nested-json", "tools"],
    [{ messages: [{ role: "user", content: "x" }], tools: [3] }, "row-tools", "list of objects"],
    [{ messages: [{ role: "user", content: "x", weight: -1 }] }, "row-weight", "from 0 on"],
    [{ messages: [{ role: "user", content: "x", weight: "2" }] }, "row-weight", "got text"],
    [{ messages: [{ role: "user", content: "x", spans: [{ start: 0, end: 2 }] }] }, "row-span", "0 to 1"],
    [{ instruction: "x", output: null }, "row-turn", "output must be text, got null"],
    [{ instruction: "x", output: "y", history: [["q"]] }, "row-turn", "entry 1"],
    [{ input_ids: [1, 2], labels: [1] }, "row-tokens", "2 entries"],
    [{ input_ids: [1.5], labels: [1] }, "row-tokens", "whole numbers"],
  ])("%j", (row, code, message) => {
    const run = (): unknown => parseRow(row);
    expect(run).toThrow(SiftError);
    expect(run).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) as string }));
  });
});

it("a conversation has at most 32,767 turns", () => {
  const messages = Array.from({ length: 32_768 }, () => ({ role: "user", content: "x" }));
  expect(() => parseRow({ messages })).toThrow(expect.objectContaining({ code: "row-too-many-turns" }));
});

const datasets = sharedPath("datasets");
describe.skipIf(!datasets)("every file of shared/datasets (skipped without ../shared)", () => {
  it.each(datasets ? readdirSync(datasets) : [])("%s is read, in chunks cut anywhere", (name) => {
    const text = readFileSync(join(datasets ?? "", name), "utf8");
    const reader = createRowReader();
    const events = [];
    for (let at = 0; at < text.length; at += 10_007) events.push(...reader.push(text.slice(at, at + 10_007)));
    events.push(...reader.end());
    const expected: unknown[] = text.trimStart().startsWith("[")
      ? (JSON.parse(text) as unknown[])
      : text.trim().split("\n");
    expect(events).toHaveLength(expected.length);
    for (const event of events) expect(event.kind === "row" && parseRowText(event.text).kind).toBe("conversation");
  });
});

describe("what a message counts, as the field writes it", () => {
  const weightOf = (fields: Record<string, unknown>): number | undefined => {
    const row = parseRow({
      messages: [
        { role: "user", content: "q" },
        { role: "assistant", content: "a", ...fields },
      ],
    });
    if (row.kind !== "conversation") throw new Error("no conversation");
    expect(row.conversation.messages[1]?.extra).toBeUndefined();
    return row.conversation.messages[1]?.weight;
  };
  it.each([
    [{}, undefined],
    [{ weight: 0.5 }, 0.5],
    [{ weight: false }, 0],
    [{ loss: true }, 1],
    [{ loss: false }, 0],
    [{ loss: 0.25 }, 0.25],
    [{ loss: null }, undefined],
    [{ train: false }, 0],
    [{ train: true, weight: 2 }, 2],
    [{ loss: 0.5, weight: 0.5 }, 0.25],
  ])("%j is %s", (fields, expected) => {
    expect(weightOf(fields)).toBe(expected);
  });
  it("is refused where it is neither a number nor true or false", () => {
    expect(() => weightOf({ loss: "yes" })).toThrow(/number from 0 on/);
    expect(() => weightOf({ weight: -1 })).toThrow(/number from 0 on/);
  });
});
