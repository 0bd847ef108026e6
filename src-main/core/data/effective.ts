import type { Message, ParsedRow, WeightSpan } from "#shared/text/types.ts";
import { SiftError } from "#shared/errors.ts";
import { PAINT_RANGE } from "#shared/text/spans.ts";
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
  const spans = review.spans[index];
  const rejected = review.turnVerdicts[index] === "rejected";
  if (edit === undefined && spans === undefined && !rejected) return message;
  const changed = edit === undefined && spans === undefined ? message : withContent(message, edit, spans);
  return rejected ? { ...changed, weight: 0 } : changed;
}

/** Spans count characters of one text, so that those of the old text go with it; paint comes with its place in the new one. */
function withContent(message: Message, content: string | undefined, painted: readonly WeightSpan[] = []): Message {
  const { spans: _, ...rest } = message;
  return {
    ...rest,
    ...(content === undefined ? {} : { content }),
    ...(painted.length === 0 ? {} : { spans: painted }),
  };
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

export const messageOf = (row: ParsedRow, index: number): Message | undefined =>
  row.kind === "conversation" ? row.conversation.messages[index] : undefined;

/** What paint can lie on: the text of a message. @throws SiftError `paint-text`, `paint-weight`, `paint-range` */
export function requirePaintable(
  message: Message | undefined,
  { start, end, weight }: WeightSpan,
  where: { row: number; line: number },
): Message & { content: string } {
  const content = message?.content;
  if (!message || typeof content !== "string") {
    throw new SiftError("paint-text", "only the text of a message can be painted, and this turn has none", { where });
  }
  if (!(weight >= PAINT_RANGE.min && weight <= PAINT_RANGE.max)) {
    const message = `a painted weight is ${PAINT_RANGE.min}…${PAINT_RANGE.max}, this is ${weight}`;
    throw new SiftError("paint-weight", message, { where });
  }
  if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= content.length)) {
    const message = `characters ${start}…${end} are not a part of a text of ${content.length}`;
    throw new SiftError("paint-range", message, { where });
  }
  return { ...message, content };
}
