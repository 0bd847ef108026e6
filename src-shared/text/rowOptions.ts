import type { Conversation, Message, ParsedRow } from "./types.ts";

/** What becomes of special tokens that are typed inside of a message. */
export const SPECIAL_CHOICES = ["keep", "plain"] as const;
/** Where `over_length: truncate` cuts. */
export const TRUNCATION_MODES = ["end", "oldest_turns", "whole_turns"] as const;

/** How rows are shaped before and while they become tokens, besides template and mask. */
export interface RowOptions {
  /** keep (default): they become those tokens, as in the reference. plain: they are tokenised as the text that they are. */
  readonly specialTokens?: (typeof SPECIAL_CHOICES)[number];
  /** end (default): behind max_length tokens. oldest_turns: the first exchanges are left out. whole_turns: behind the last turn that fits. */
  readonly truncation?: (typeof TRUNCATION_MODES)[number];
  /** A row for each answer, with the turns before it as serving would give them, and only that answer trained. */
  readonly splitTurns?: boolean;
}

/** A row for each answer of a conversation; a row that is no conversation, or has one answer, stays as it is. */
export function splitIntoTurns(row: ParsedRow): readonly ParsedRow[] {
  if (row.kind !== "conversation") return [row];
  const { messages } = row.conversation;
  const answers = messages.flatMap(({ role, weight = 1 }, i) => (role === "assistant" && weight > 0 ? [i] : []));
  if (answers.length <= 1) return [row];
  return answers.map((answer) => ({
    kind: "conversation",
    conversation: {
      ...row.conversation,
      messages: messages.slice(0, answer + 1).map((m, i) => untrained(m, i < answer)),
    },
  }));
}

const untrained = (message: Message, isEarlier: boolean): Message =>
  isEarlier && message.role === "assistant" ? { ...message, weight: 0 } : message;

/**
 * The conversation without its first exchange: everything behind its system turns up to the second turn of a user. Undefined where
 * only one exchange is left.
 */
export function withoutOldestTurns(conversation: Conversation): Conversation | undefined {
  const { messages } = conversation;
  const first = messages.findIndex(({ role }) => role !== "system" && role !== "developer");
  const next = messages.findIndex(({ role }, i) => i > first && role === "user");
  if (first < 0 || next < 0) return undefined;
  return { ...conversation, messages: [...messages.slice(0, first), ...messages.slice(next)] };
}
