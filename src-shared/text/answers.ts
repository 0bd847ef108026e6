import type { RenderedConversation, Segment } from "./render.ts";
import type { TokenizedText } from "./tokenizer/tokenizer.ts";
import type { TurnMarks } from "./turnMarks.ts";
import type { Conversation } from "./types.ts";

/** A stretch of tokens that is trained, `first`…`end` (excluded), and the message it answers for. */
export interface TrainedRange {
  readonly first: number;
  readonly end: number;
  readonly message: number;
  readonly tagged: boolean;
  /** Index of its end-of-turn token, -1 where there is none. */
  readonly endOfTurn: number;
}

interface AnswerInput {
  readonly conversation: Conversation;
  readonly rendered: RenderedConversation;
  readonly tokens: TokenizedText;
  readonly marks: TurnMarks;
}

/**
 * Without tags: what the template writes of an assistant's message, from the end of the generation prompt (what the model
 * is given when it is asked) to its end-of-turn token, both found through who wrote each character.
 */
export function answerRanges(input: AnswerInput, segments: readonly Segment[]): TrainedRange[] {
  const authored = segments.filter((segment) => segment.message >= 0);
  let previousEnd = 0;
  return assistantGroups(input.conversation, authored).map((group) => {
    const start = answerStart(input, group, previousEnd);
    const limit = authored.find((s) => s.start >= group.end && s.message !== group.message)?.start ?? Infinity;
    const endOfTurn = endOfTurnToken(input, group.end, limit);
    const end = endOfTurn >= 0 ? (input.tokens.ends[endOfTurn] ?? group.end) : endTextEnd(input, group.end, limit);
    previousEnd = group.end;
    return { ...tokensWithin(input.tokens, start, end), message: group.message, tagged: false, endOfTurn };
  });
}

/** A stretch of text that one assistant message wrote, across what the template put between its parts. */
interface Group {
  readonly message: number;
  readonly start: number;
  end: number;
  /** Whether the message wrote text here; a turn without any still has an end to learn. */
  hasText: boolean;
}

/** Groups end where somebody else writes; a message that only shows its role is a group without text. */
function assistantGroups(conversation: Conversation, authored: readonly Segment[]): Group[] {
  const groups: Group[] = [];
  let open: Group | undefined;
  for (const { message, isRole, start, end } of authored) {
    if (conversation.messages[message]?.role !== "assistant") {
      open = undefined;
    } else if (isRole && (open?.message !== message || open.hasText)) {
      open = { message, start: end, end, hasText: false };
      groups.push(open);
    } else if (!isRole && open?.message === message && open.hasText) {
      open.end = end;
    } else if (!isRole) {
      if (open?.message === message) groups.pop();
      open = { message, start, end, hasText: true };
      groups.push(open);
    }
  }
  return groups.filter(
    (group) => group.hasText || !groups.some((other) => other.message === group.message && other.hasText),
  );
}

/** Behind the generation prompt where one stands before the answer and after everything that anybody wrote before. */
function answerStart(input: AnswerInput, group: Group, after: number): number {
  const { generationPrompt } = input.marks;
  const { text } = input.rendered.text;
  if (generationPrompt === "") return group.start;
  if (!group.hasText) {
    const at = text.indexOf(generationPrompt, Math.max(after, group.start - generationPrompt.length));
    return at < 0 || at > group.start ? group.start : at + generationPrompt.length;
  }
  const at = text.lastIndexOf(generationPrompt, group.start - generationPrompt.length);
  const promptEnd = at + generationPrompt.length;
  if (at < after || group.start < generationPrompt.length) return group.start;
  return writtenBetween(input, promptEnd, group.start) ? group.start : promptEnd;
}

/** Whether a message wrote anything in a stretch of the text. */
function writtenBetween(input: AnswerInput, start: number, end: number): boolean {
  return input.rendered.text.slice(start, end).runs !== undefined && end > start;
}

/** The end-of-turn token behind an answer, before anybody else writes. */
function endOfTurnToken(input: AnswerInput, from: number, limit: number): number {
  const { tokens, marks } = input;
  for (let i = firstWith(tokens.starts, from); i < tokens.ids.length && (tokens.starts[i] ?? 0) < limit; i++) {
    if (tokens.ids[i] === marks.endOfTurn) return i;
  }
  return -1;
}

/** End of a turn whose end mark is no single token of this tokenizer. */
function endTextEnd(input: AnswerInput, from: number, limit: number): number {
  const { endText } = input.marks;
  const at = endText === "" ? -1 : input.rendered.text.text.indexOf(endText, from);
  return at < 0 || at >= limit ? from : at + endText.length;
}

/** Tokens that share a character with the stretch. */
function tokensWithin(tokens: TokenizedText, start: number, end: number): { first: number; end: number } {
  return { first: firstWith(tokens.ends, start + 1), end: firstWith(tokens.starts, end) };
}

/** Index of the first offset that is at least `least`; the offsets never go down. */
export function firstWith(offsets: readonly number[], least: number): number {
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] ?? 0) >= least) high = middle;
    else low = middle + 1;
  }
  return low;
}
