import type { WireRow } from "../../state/rows.ts";

/** The row with another text in one message; the stored row is not touched. */
export function withContent(row: WireRow, index: number, content: string): WireRow {
  if (row.kind !== "conversation") return row;
  const messages = row.conversation.messages.map((message, at) => (at === index ? { ...message, content } : message));
  return { kind: "conversation", conversation: { ...row.conversation, messages } };
}
