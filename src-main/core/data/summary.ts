import type { Message, ParsedRow } from "#shared/text/types.ts";

/** Characters of a list entry's title. */
const TITLE_CHARACTERS = 160;

/** What a list shows of a row. */
export interface RowFacts {
  readonly title: string;
  readonly turns: number;
  readonly characters: number;
}

/** First user text (else the first text), number of turns, and characters of all contents. */
export function summariseRow(row: ParsedRow): RowFacts {
  if (row.kind === "text") return { title: shorten(row.text), turns: 1, characters: row.text.length };
  if (row.kind === "tokens") {
    const { inputIds } = row.tokens;
    return { title: shorten(inputIds.slice(0, 64).join(" ")), turns: 0, characters: inputIds.length };
  }
  const { messages } = row.conversation;
  const first = messages.find((message) => message.role === "user") ?? messages[0];
  return {
    title: first ? shorten(textOf(first)) : "",
    turns: messages.length,
    characters: messages.reduce((sum, message) => sum + textOf(message).length, 0),
  };
}

/** The text of a message, its parts joined. */
export function textOf(message: Message): string {
  const { content } = message;
  if (content === null) return "";
  return typeof content === "string" ? content : content.map((part) => part.text ?? "").join("");
}

/** One line, cut between code points. */
export function shorten(text: string, characters = TITLE_CHARACTERS): string {
  const line = text
    .slice(0, characters * 4)
    .replace(/\s+/g, " ")
    .trim();
  if (line.length <= characters) return line;
  const cut = line.slice(0, characters);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
