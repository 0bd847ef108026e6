import type { RowNotice } from "./encoderTypes.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

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
