import type { AuthorLoss } from "./authors.ts";
import type { RowNotice } from "./encoderTypes.ts";
import type { Segment } from "./render.ts";
import type { Conversation } from "./types.ts";

/**
 * What a template did to the words of messages such that their characters cannot be told apart from its own: each operation once a
 * message, in order; and answers of which it wrote nothing at all (`operation` empty, no place).
 */
export function lossesOf({ messages }: Conversation, segments: readonly Segment[]): AuthorLoss[] {
  const losses = new Set<AuthorLoss>();
  const heard = new Uint8Array(messages.length);
  for (const { loss, message, isRole, start, end } of segments) {
    if (loss) losses.add(loss);
    const whose = loss?.message ?? message;
    if (whose >= 0 && !isRole && end > start) heard[whose] = 1;
  }
  const silent = messages.flatMap(({ role, content }, message): AuthorLoss[] => {
    const says = typeof content === "string" && content.trim() !== "";
    if (role !== "assistant" || !says || heard[message] === 1) return [];
    return [{ operation: "", line: 0, column: 0, message, field: "content" }];
  });
  return [...losses, ...silent];
}

/** A loss in English; the interface has its own words. */
export function lossInEnglish({ operation, line, column, message }: AuthorLoss): string {
  const whose = `turn ${message + 1}`;
  if (operation === "") return `the template writes nothing of ${whose}`;
  return `the template changes ${whose} with ${operation} (line ${line}, column ${column}), after which it is not known who wrote which character`;
}

/** One notice for what a template did to the answers of a row; undefined where every character is known. */
export function lossNotice(
  losses: readonly AuthorLoss[],
  { messages }: Conversation,
  row: number,
): RowNotice | undefined {
  const [first, ...more] = losses.filter((loss) => messages[loss.message]?.role === "assistant");
  if (!first) return undefined;
  const rest = more.length === 0 ? "" : `, and ${more.length} more of this kind`;
  return { code: "transformed-answer", message: `${lossInEnglish(first)}${rest}`, row };
}
