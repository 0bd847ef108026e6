import type { RowFacts, RowNotice } from "./encoderTypes.ts";
import type { Tokenizer, TokenizedText } from "./tokenizer/tokenizer.ts";
import type { Conversation } from "./types.ts";

/** One notice for a row whose content holds special tokens, naming them. */
export function specialNotices(
  ids: readonly number[],
  positions: readonly number[],
  place: { readonly tokenizer: Tokenizer; readonly row: number },
): RowNotice[] {
  if (positions.length === 0) return [];
  const names = [...new Set(positions.map((i) => place.tokenizer.idToToken(ids[i] ?? 0) ?? "?"))];
  const message = `the content holds the special token ${names.join(", ")}, which becomes that token`;
  return [{ code: "special-token-in-content", message, row: place.row }];
}

/** The notice of a row whose tokens decode to another text. */
export function lossyNotice(row: number): RowNotice {
  return {
    code: "text-mismatch",
    message: "the tokens do not stand for exactly this text: the tokenizer normalized or could not express part of it",
    row,
  };
}

/** What the proof needs to know of a conversation besides its arrays. */
export function factsOf(
  { messages }: Conversation,
  { lossy }: TokenizedText,
  found: Pick<RowFacts, "specialInContent" | "losses">,
): RowFacts {
  const { specialInContent, losses = [] } = found;
  const roles = messages.map((message) => message.role);
  return { kind: "conversation", roles, lossy, specialInContent, ...(losses.length > 0 ? { losses } : {}) };
}

/** The notice of a row whose reasoning the form does not write. @param writesSome it writes that of the last answers */
export function unwrittenNotice(answers: number, writesSome: boolean, row: number): RowNotice {
  const whose = `${answers} ${answers === 1 ? "answer" : "answers"}`;
  const why = writesSome ? "only answers behind the last question have it written" : "the form has no markers for it";
  return { code: "unwritten-reasoning", message: `the reasoning of ${whose} is left out: ${why}`, row };
}

/** The notice of a row whose earlier reasoning was left out by choice. */
export function strippedNotice(turns: number, row: number): RowNotice {
  const message = `reasoning was left out of ${turns} earlier ${turns === 1 ? "turn" : "turns"}, as in serving`;
  return { code: "stripped-reasoning", message, row };
}
