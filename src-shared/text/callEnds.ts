import type { TokenColumns } from "./mask/tokenized.ts";
import type { Segment } from "./render.ts";
import type { Message } from "./types.ts";

/** A rendered and tokenised conversation, and a way to render its beginning. */
export interface CallInput {
  readonly messages: readonly Message[];
  readonly segments: readonly Segment[];
  readonly text: string;
  readonly tokens: TokenColumns;
  readonly endOfTurn: number | undefined;
  /** The text of a conversation that ends with a message; undefined where the template refuses it. */
  readonly textUpTo: (message: number) => string | undefined;
}

/**
 * Where the template stops writing a message whose calls of tools no end of turn closes: up to there its text is the same when nothing
 * follows. What it writes of the message later (the name of the tool beside its result) is no answer. Renders once for each such message.
 */
export function callEndsOf({ messages, segments, text, tokens, endOfTurn, textUpTo }: CallInput): [number, number][] {
  return messages.flatMap(({ role, tool_calls: calls }, message): [number, number][] => {
    const next = messages[message + 1];
    if (role !== "assistant" || !calls?.length || next?.role !== "tool") return [];
    const from = segments.find((segment) => segment.message === message && segment.field === "tool_calls")?.end;
    const to = segments.find((segment) => segment.message === message + 1)?.start;
    if (from === undefined || to === undefined || endsBetween(tokens, endOfTurn, [from, to])) return [];
    const alone = textUpTo(message);
    return alone === undefined ? [] : [[message, Math.min(to, Math.max(from, sharedLength(alone, text)))]];
  });
}

function endsBetween(
  { ids, starts }: TokenColumns,
  endOfTurn: number | undefined,
  [from, to]: readonly [number, number],
): boolean {
  return ids.some((id, i) => id === endOfTurn && (starts[i] ?? 0) >= from && (starts[i] ?? 0) < to);
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
