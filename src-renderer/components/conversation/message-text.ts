import type { WireMessage } from "../../state/rows.ts";

/** The text of a message, whatever shape its content has; null where it has none. `part` names parts that are not text. */
export function messageText(message: WireMessage, part: (type: string) => string): string | null {
  const { content } = message;
  if (content === null || typeof content === "string") return content;
  return content.map((each) => each.text ?? part(each.type)).join("\n");
}

/** Arguments of a tool call as text for reading. */
export function argumentText(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, null, 2) ?? "";
}
