import type { Conversation, Message, WeightSpan } from "../types.ts";
import { between, REASONING_MARKS, type Stretch } from "./parts.ts";

/** Where a message can hold reasoning; a template that leaves it out of earlier turns by itself is not helped. */
export interface StripOptions {
  readonly content: boolean;
  readonly field: boolean;
}

/**
 * Earlier reasoning taken out, as a chat does that sends its own answers back: of the assistant's turns before the last user's,
 * the field of its own and what stands between marks in the content.
 */
export function stripReasoning(
  conversation: Conversation,
  options: StripOptions,
): { conversation: Conversation; stripped: number } {
  const lastUser = conversation.messages.findLastIndex((message) => message.role === "user");
  let stripped = 0;
  const messages = conversation.messages.map((message, i) => {
    if (i > lastUser || message.role !== "assistant") return message;
    const bare = withoutReasoning(message, options);
    if (bare !== message) stripped++;
    return bare;
  });
  return stripped === 0 ? { conversation, stripped } : { conversation: { ...conversation, messages }, stripped };
}

function withoutReasoning(message: Message, options: StripOptions): Message {
  let bare = message;
  if (options.field && message.reasoning !== undefined) {
    const { reasoning: _, ...rest } = message;
    bare = rest;
  }
  const { content, spans } = bare;
  if (!options.content || typeof content !== "string") return bare;
  const cuts = REASONING_MARKS.flatMap((marks) => between(content, marks, ""))
    .map(({ start, end }) => ({ start, end: end + (/^\s*/.exec(content.slice(end))?.[0].length ?? 0) }))
    .sort((a, b) => a.start - b.start);
  if (cuts.length === 0) return bare;
  return { ...bare, content: cutText(content, cuts), ...(spans ? { spans: cutSpans(spans, cuts) } : {}) };
}

function cutText(text: string, cuts: readonly Stretch[]): string {
  return cuts.reduceRight((kept, cut) => kept.slice(0, cut.start) + kept.slice(cut.end), text);
}

function cutSpans(spans: readonly WeightSpan[], cuts: readonly Stretch[]): WeightSpan[] {
  const moved = (offset: number): number =>
    offset - cuts.reduce((cut, { start, end }) => cut + Math.max(0, Math.min(offset, end) - start), 0);
  return spans
    .map(({ start, end, weight }) => ({ start: moved(start), end: moved(end), weight }))
    .filter(({ start, end }) => end > start);
}
