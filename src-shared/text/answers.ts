import type { TokenColumns, TokenizedConversation } from "./mask/tokenized.ts";
import type { Segment } from "./render.ts";
import type { TurnMarks } from "./turnMarks.ts";

/** What one turn says: tokens `first`…`end` (excluded) with its end-of-turn token, and the message it stands for. */
export interface TurnRange {
  readonly first: number;
  readonly end: number;
  readonly message: number;
  readonly tagged: boolean;
  /** Index of its end-of-turn token, -1 where there is none. */
  readonly endOfTurn: number;
}

interface AnswerInput {
  readonly conversation: TokenizedConversation;
  readonly marks: TurnMarks;
}

/**
 * Without tags: what the template writes of a message, from the end of the generation prompt (what the model is given when it
 * is asked; the message's own text for other roles than the assistant) to its end-of-turn token, found through who wrote each
 * character.
 */
export function turnRanges(input: AnswerInput, includes: (role: string) => boolean): TurnRange[] {
  const { conversation } = input;
  const callEnds = new Map(conversation.callEnds);
  const authored = conversation.segments.filter(
    ({ message, start }) => message >= 0 && start < (callEnds.get(message) ?? Infinity),
  );
  let previousEnd = 0;
  let next = 0;
  const spoken = turnGroups(conversation, authored, includes);
  const silent = includes("assistant") ? silentGroups(input, authored) : [];
  const groups = silent.length === 0 ? spoken : [...spoken, ...silent].sort((a, b) => a.start - b.start);
  return groups.map((group) => {
    const start = isAssistant(conversation, group.message) ? answerStart(input, group, previousEnd) : group.start;
    while (next < authored.length && !isBehind(authored[next], group)) next++;
    const callEnd = callEnds.get(group.message);
    const limit = Math.min(authored[next]?.start ?? Infinity, callEnd ?? Infinity);
    const endOfTurn = endOfTurnToken(input, group.end, limit);
    const closed = callEnd === undefined || group.end > callEnd ? endTextEnd(input, group, limit) : callEnd;
    const end = endOfTurn >= 0 ? (conversation.ends[endOfTurn] ?? group.end) : closed;
    previousEnd = group.end;
    return { ...tokensWithin(conversation, start, end), message: group.message, tagged: false, endOfTurn };
  });
}

const isBehind = (segment: Segment | undefined, group: Group): boolean =>
  segment !== undefined && segment.start >= group.end && segment.message !== group.message;

const isAssistant = ({ turns }: TokenizedConversation, message: number): boolean =>
  turns[message]?.role === "assistant";

/** A stretch of text that one message wrote, across what the template put between its parts. */
interface Group {
  readonly message: number;
  readonly start: number;
  end: number;
  /** Whether the message wrote text here; a turn without any still has an end to learn. */
  hasText: boolean;
  /** Nothing of the message was written, so that only an end of turn says how far its text goes. */
  readonly isSilent?: boolean;
}

/** Groups end where somebody else writes; a message that only shows its role is a group without text. */
function turnGroups(
  conversation: TokenizedConversation,
  authored: readonly Segment[],
  includes: (role: string) => boolean,
): Group[] {
  const groups: Group[] = [];
  let open: Group | undefined;
  for (const { message, isRole, start, end } of authored) {
    if (!includes(conversation.turns[message]?.role ?? "")) {
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
  const spoke = new Set(groups.filter((group) => group.hasText).map((group) => group.message));
  return groups.filter(
    ({ hasText, message }) => hasText || (!spoke.has(message) && isAssistant(conversation, message)),
  );
}

/**
 * Answers of which the template wrote nothing, not even an empty text (`content or ''`): they stand where an answer is asked for
 * between what others wrote before and after.
 */
function silentGroups({ conversation, marks }: AnswerInput, authored: readonly Segment[]): Group[] {
  const heard = new Set(authored.map((segment) => segment.message));
  const silent = conversation.turns.flatMap((turn, i) => (turn.role === "assistant" && !heard.has(i) ? [i] : []));
  if (silent.length === 0 || marks.asking === "") return [];
  let from = 0;
  return silent.flatMap((message) => {
    const before = authored.findLast((segment) => segment.message < message)?.end ?? 0;
    const limit = authored.find((segment) => segment.message > message)?.start ?? conversation.text.length;
    const at = conversation.text.indexOf(marks.asking, Math.max(from, before));
    const start = at + marks.asking.length;
    if (at < 0 || start > limit) return [];
    from = start;
    return [{ message, start, end: start, hasText: true, isSilent: true }];
  });
}

/** Behind the generation prompt where one stands before the answer and after everything that anybody wrote before. */
function answerStart(input: AnswerInput, group: Group, after: number): number {
  const { asking } = input.marks;
  const { text } = input.conversation;
  if (asking === "") return group.start;
  if (!group.hasText) {
    const at = text.indexOf(asking, Math.max(after, group.start - asking.length));
    return at < 0 || at > group.start ? group.start : at + asking.length;
  }
  const at = text.lastIndexOf(asking, group.start - asking.length);
  const promptEnd = at + asking.length;
  if (at < after || group.start < asking.length) return group.start;
  return writtenBetween(input, promptEnd, group.start) ? group.start : promptEnd;
}

/** Whether a message wrote anything in a stretch of the text. */
function writtenBetween(input: AnswerInput, start: number, end: number): boolean {
  return input.conversation.segments.some((s) => s.message >= 0 && s.start < end && s.end > start);
}

/** The end-of-turn token behind an answer, before anybody else writes. */
function endOfTurnToken(input: AnswerInput, from: number, limit: number): number {
  const { conversation: tokens, marks } = input;
  for (let i = firstWith(tokens.starts, from); i < tokens.ids.length && (tokens.starts[i] ?? 0) < limit; i++) {
    if (tokens.ids[i] === marks.endOfTurn) return i;
  }
  return -1;
}

/** End of a turn whose end mark is no single token of this tokenizer, or of one that has none: then what closes it, up to the next mark. */
function endTextEnd(input: AnswerInput, { end: from, isSilent = false }: Group, limit: number): number {
  const { endText, isMark } = input.marks;
  const { text, ids, starts } = input.conversation;
  const at = endText === "" ? -1 : text.indexOf(endText, from);
  if (at >= 0 && at < limit) return at + endText.length;
  if (isSilent) return from;
  // a tool call may end with a tag of the template's, and the next turn's mark is what stops it
  for (let i = firstWith(starts, from); i < ids.length && (starts[i] ?? 0) < limit; i++)
    if (isMark(ids[i] ?? -1)) return starts[i] ?? from;
  return from;
}

/** Tokens that share a character with the stretch. */
export function tokensWithin(tokens: TokenColumns, start: number, end: number): { first: number; end: number } {
  return { first: firstWith(tokens.ends, start + 1), end: firstWith(tokens.starts, end) };
}

/** Index of the first offset that is at least `least`; the offsets never go down. */
export function firstWith(offsets: ArrayLike<number>, least: number): number {
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] ?? 0) >= least) high = middle;
    else low = middle + 1;
  }
  return low;
}
