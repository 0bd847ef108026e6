import { firstWith, turnRanges, type TurnRange } from "../answers.ts";
import type { TurnMarks } from "../turnMarks.ts";
import type { CompiledMask } from "./options.ts";
import type { TokenizedConversation } from "./tokenized.ts";

/** A turn as the mask sees it. Tokens and characters; ends excluded. */
export interface Turn extends TurnRange {
  readonly role: string;
  /** First token of its opening, which ends at `first`. */
  readonly headerFirst: number;
  /** What it says, without its end of turn, in characters. */
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** What the role weighs; 0 where the options do not train it. */
  readonly weight: number;
  /** False for the turns before the last under `last_assistant`. */
  readonly kept: boolean;
  /** The last turn that is trained. */
  readonly isLast: boolean;
  /** Behind the last user's turn. */
  readonly isOpen: boolean;
}

/** What finding turns needs to know of the template. */
export interface TurnInput {
  readonly conversation: TokenizedConversation;
  readonly mask: CompiledMask;
  readonly marks: TurnMarks;
  readonly hasGenerationTags: boolean;
  /** Whether token offsets leave spaces out, where the reference maps a character to its token. */
  readonly trimsOffsets: boolean;
}

/** Turns that the policy, the options or one of their rules speak of, in order. */
export function findTurns(input: TurnInput): Turn[] {
  const { conversation, mask } = input;
  const named = new Set(mask.rules.flatMap((rule) => (rule.role === undefined ? [] : [rule.role])));
  const spokenOf = (role: string): boolean => role === "assistant" || named.has(role) || mask.roleWeight(role) > 0;
  const others = (role: string): boolean => role !== "assistant" && spokenOf(role);
  const ranges = input.hasGenerationTags
    ? [...taggedRanges(input), ...(mask.isPlain ? [] : turnRanges(input, others))].sort((a, b) => a.first - b.first)
    : turnRanges(input, spokenOf);
  return describeTurns(conversation, ranges, mask, (range, text) => headerStart(input, range, text));
}

/** What a range is under the mask. `headerOf` gives the character at which its opening begins. */
export function describeTurns(
  conversation: TokenizedConversation,
  ranges: readonly TurnRange[],
  mask: CompiledMask,
  headerOf: (range: TurnRange, bodyStart: number) => number,
): Turn[] {
  const { turns, starts, ends } = conversation;
  const lastUser = turns.findLastIndex((turn) => turn.role === "user");
  // what stands inside tags is an answer, whoever wrote it
  const roles = ranges.map(({ message, tagged }) => (tagged ? "assistant" : (turns[message]?.role ?? "")));
  const weights = roles.map((role) => mask.roleWeight(role));
  const lastAnswer = roles.lastIndexOf("assistant");
  const last = weights.findLastIndex((weight) => weight > 0);
  return ranges.map((range, i) => {
    const bodyStart = starts[range.first] ?? 0;
    const bodyEnd = range.endOfTurn >= 0 ? (starts[range.endOfTurn] ?? 0) : (ends[range.end - 1] ?? bodyStart);
    const role = roles[i] ?? "";
    const kept = mask.policy !== "last_assistant" || role !== "assistant" || i === lastAnswer;
    const headerFirst = mask.isPlain ? range.first : firstWith(starts, headerOf(range, bodyStart));
    const facts = { role, bodyStart, bodyEnd, kept, weight: weights[i] ?? 0, isOpen: range.message > lastUser };
    return { ...range, ...facts, headerFirst: Math.min(headerFirst, range.first), isLast: i === last };
  });
}

/** The opening: the generation prompt where it stands there, else what the template wrote since the turn before ended. */
function headerStart({ conversation, marks }: TurnInput, range: TurnRange, bodyStart: number): number {
  const { text, segments, ids, starts, ends } = conversation;
  const prompt = marks.generationPrompt;
  const isAnswer = conversation.turns[range.message]?.role === "assistant";
  if (isAnswer && prompt !== "" && text.startsWith(prompt, bodyStart - prompt.length)) return bodyStart - prompt.length;
  const before = segments.findLast(
    (s) => s.message >= 0 && !s.isRole && s.message !== range.message && s.end <= bodyStart,
  );
  let from = before?.end ?? 0;
  for (let i = firstWith(starts, from); i < range.first; i++) if (ids[i] === marks.endOfTurn) from = ends[i] ?? from;
  while (from < bodyStart && /\s/.test(text[from] ?? "")) from++;
  return from;
}

/** Exactly `apply_chat_template(…, return_assistant_tokens_mask=True)`. */
function taggedRanges(input: TurnInput): TurnRange[] {
  const { conversation, marks } = input;
  const { ids, segments, generations } = conversation;
  const tokenAt = characterToToken(input);
  const ranges: TurnRange[] = [];
  for (const { start, end } of generations) {
    const first = tokenAt(start);
    const last = tokenAt(end - 1);
    if (first === undefined) break;
    const rangeEnd = last ? last + 1 : ids.length;
    const writer = segments.find((s) => s.message >= 0 && !s.isRole && s.end > start && s.start < end);
    const message = writer?.message ?? -1;
    let endOfTurn = marks.endOfTurn === undefined ? -1 : rangeEnd - 1;
    while (endOfTurn >= first && ids[endOfTurn] !== marks.endOfTurn) endOfTurn--;
    ranges.push({ first, end: rangeEnd, message, tagged: true, endOfTurn: endOfTurn >= first ? endOfTurn : -1 });
  }
  return ranges;
}

/** `char_to_token` of the reference: the first token whose span holds the character. */
function characterToToken({ conversation, trimsOffsets }: TurnInput): (offset: number) => number | undefined {
  const { text, starts, ends } = conversation;
  const span = (i: number): [number, number] => {
    let [start, end] = [starts[i] ?? 0, ends[i] ?? 0];
    while (trimsOffsets && start < end && text[start] === " ") start++;
    while (trimsOffsets && end > start && text[end - 1] === " ") end--;
    return [start, end];
  };
  return (offset) => {
    const token = firstWith(ends, offset + 1);
    if (token >= ends.length) return undefined;
    const [start, end] = span(token);
    return offset >= start && offset < end ? token : undefined;
  };
}
