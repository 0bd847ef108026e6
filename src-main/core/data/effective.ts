import type { Message, ParsedRow } from "#shared/text/types.ts";
import { SiftError } from "#shared/errors.ts";
import type { ReviewState } from "../store/reviews.ts";

/** Messages that can be decided about one by one; a document counts as one. */
export function messageCount(row: ParsedRow): number {
  if (row.kind === "conversation") return row.conversation.messages.length;
  return row.kind === "text" ? 1 : 0;
}

/** The row as it trains: edits applied, a rejected turn with weight 0. The parsed original stays as it is. */
export function applyReview(row: ParsedRow, review: ReviewState): ParsedRow {
  switch (row.kind) {
    case "tokens":
      return row;
    case "text":
      return { ...row, text: review.edits["0"] ?? row.text };
    case "conversation": {
      const messages = row.conversation.messages.map((message, i) => reviewedMessage(message, String(i), review));
      return { ...row, conversation: { ...row.conversation, messages } };
    }
  }
}

function reviewedMessage(message: Message, index: string, review: ReviewState): Message {
  const edit = review.edits[index];
  const rejected = review.turnVerdicts[index] === "rejected";
  if (edit === undefined && !rejected) return message;
  const edited = edit === undefined ? message : withContent(message, edit);
  return rejected ? { ...edited, weight: 0 } : edited;
}

/** Painted spans count characters of the old text, so they go with it. */
function withContent(message: Message, content: string): Message {
  const { spans: _, ...rest } = message;
  return { ...rest, content };
}

/** @throws SiftError `no-such-turn` */
export function requireMessage(row: ParsedRow, messageIndex: number, place: { row: number; line: number }): void {
  const messages = messageCount(row);
  if (Number.isInteger(messageIndex) && messageIndex >= 0 && messageIndex < messages) return;
  const message =
    row.kind === "tokens"
      ? "a row that came tokenised has no turns"
      : `turn ${messageIndex} is not one of the ${messages} of this row`;
  throw new SiftError("no-such-turn", message, { where: place });
}
