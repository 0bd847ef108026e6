import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import type { Message, ParsedRow } from "#shared/text/types.ts";
import type { StoredRow } from "../store/rows.ts";

// Stands in for the shared parser of input shapes until that lands: ShareGPT, OpenAI, Alpaca, text.
const ROLES: Readonly<Record<string, string>> = { human: "user", gpt: "assistant" };
const shareGpt = v.object({ conversations: v.array(v.object({ from: v.string(), value: v.string() })) });
const openAi = v.object({ messages: v.array(v.object({ role: v.string(), content: v.string() })) });
const alpaca = v.object({ instruction: v.string(), input: v.optional(v.string()), output: v.string() });
const plain = v.object({ text: v.string() });

export interface RowPlace {
  readonly line: number;
  readonly format: string;
}

/** One raw row, parsed. @throws SiftError `row-json`, `row-shape` */
export function parseRaw(raw: string, { line }: RowPlace): ParsedRow {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch (error) {
    throw new SiftError("row-json", `not JSON: ${error instanceof Error ? error.message : ""}`, { where: { line } });
  }
  const talk = v.safeParse(shareGpt, value);
  if (talk.success) {
    return conversation(
      talk.output.conversations.map((turn) => ({ role: ROLES[turn.from] ?? turn.from, content: turn.value })),
    );
  }
  const chat = v.safeParse(openAi, value);
  if (chat.success) return conversation(chat.output.messages);
  const task = v.safeParse(alpaca, value);
  if (task.success) {
    const { instruction, input, output } = task.output;
    const user = input ? `${instruction}\n${input}` : instruction;
    return conversation([
      { role: "user", content: user },
      { role: "assistant", content: output },
    ]);
  }
  const document = v.safeParse(plain, value);
  if (document.success) return { kind: "text", text: document.output.text };
  throw new SiftError("row-shape", "the row has none of the known shapes", { where: { line } });
}

const conversation = (messages: readonly Message[]): ParsedRow => ({
  kind: "conversation",
  conversation: { messages },
});

/** A stored row was parsed when it came in: it parses again. */
export const parseStored = (row: StoredRow): ParsedRow => parseRaw(row.raw, row);
