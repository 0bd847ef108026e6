import type { TokenizedConversation } from "./tokenized.ts";
import type { Turn } from "./turns.ts";

/** Characters `start`…`end` (excluded). */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Marks that templates and data sets put around reasoning. */
export const REASONING_MARKS: readonly (readonly [open: string, close: string])[] = [
  ["<think>", "</think>"],
  ["<thinking>", "</thinking>"],
  ["<reasoning>", "</reasoning>"],
  ["<seed:think>", "</seed:think>"],
  ["[THINK]", "[/THINK]"],
  ["<|START_THINKING|>", "<|END_THINKING|>"],
];
/** Marks around a call that is written as text. */
const CALL_MARKS = [["<tool_call>", "</tool_call>"]] as const;

/** Reasoning of a turn with its marks: between marks in the text, and what the message's own field wrote. */
export function reasoningOf(conversation: TokenizedConversation, turn: Turn): Stretch[] {
  const { text, segments, starts } = conversation;
  const opening = text.slice(starts[turn.headerFirst] ?? turn.bodyStart, turn.bodyStart);
  const body = text.slice(turn.bodyStart, turn.bodyEnd);
  const marked = REASONING_MARKS.flatMap((marks) => between(body, marks, opening)).map((s) =>
    shifted(s, turn.bodyStart),
  );
  const written = segments.filter((s) => s.field === "reasoning" && s.message === turn.message && isInside(s, turn));
  return [...marked, ...written];
}

/** Calls of a turn with what the template wrote around them. */
export function toolCallsOf(conversation: TokenizedConversation, turn: Turn): Stretch[] {
  const { text, segments } = conversation;
  const body = text.slice(turn.bodyStart, turn.bodyEnd);
  const marked = CALL_MARKS.flatMap((marks) => between(body, marks, "")).map((s) => shifted(s, turn.bodyStart));
  const own = segments.filter((s) => s.message === turn.message && !s.isRole && isInside(s, turn));
  const first = own.findIndex((s) => s.field === "tool_calls");
  const last = own.findLastIndex((s) => s.field === "tool_calls");
  if (first < 0) return marked;
  const start = own[first - 1]?.end ?? turn.bodyStart;
  return [...marked, { start, end: own[last + 1]?.start ?? turn.bodyEnd }];
}

const isInside = (stretch: Stretch, turn: Turn): boolean =>
  stretch.start < turn.bodyEnd && stretch.end > turn.bodyStart;
const shifted = ({ start, end }: Stretch, by: number): Stretch => ({ start: start + by, end: end + by });

/** Text between marks, marks included. One that was opened before the text begins at its start; one that is not closed ends with it. */
export function between(text: string, [open, close]: readonly [string, string], before: string): Stretch[] {
  const found: Stretch[] = [];
  const wasOpened = before.lastIndexOf(open) > before.lastIndexOf(close);
  const firstClose = text.indexOf(close);
  const firstOpen = text.indexOf(open);
  let at = 0;
  if (wasOpened || (firstClose >= 0 && (firstOpen < 0 || firstOpen > firstClose))) {
    at = firstClose < 0 ? text.length : firstClose + close.length;
    found.push({ start: 0, end: at });
  }
  for (let start = text.indexOf(open, at); start >= 0; start = text.indexOf(open, at)) {
    const closed = text.indexOf(close, start + open.length);
    at = closed < 0 ? text.length : closed + close.length;
    found.push({ start, end: at });
  }
  return found;
}
