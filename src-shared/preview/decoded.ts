import type { EncodedRow, Tokenizer } from "#shared/text/index.ts";

const REPLACEMENT = "\ufffd";
/** Tokens that a character is looked for in before it is given up as broken: UTF-8 has four bytes, and a byte may be a token. */
const MAX_PENDING = 8;

/**
 * A row of bare ids with its text, and with the place of each token in it. The tokens of one character all cover it. A few
 * tokens are decoded at a time, behind those before them, which fix the spaces at the seam.
 */
export function withDecodedText(encoded: EncodedRow, tokenizer: Pick<Tokenizer, "decode" | "isAdded">): EncodedRow {
  const { ids } = encoded;
  const starts = new Int32Array(ids.length);
  const ends = new Int32Array(ids.length);
  let text = "";
  let contextStart = 0;
  for (let from = 0; from < ids.length;) {
    const context = tokenizer.decode(ids.subarray(contextStart, from));
    let to = from + 1;
    let piece = pieceOf(tokenizer, ids.subarray(contextStart, to), context);
    // an added token never ends a character that ordinary ones have begun
    while (
      piece.endsWith(REPLACEMENT) &&
      to < ids.length &&
      to - from < MAX_PENDING &&
      !tokenizer.isAdded(ids[to] ?? 0)
    ) {
      to += 1;
      piece = pieceOf(tokenizer, ids.subarray(contextStart, to), context);
    }
    starts.fill(text.length, from, to);
    text += piece;
    ends.fill(text.length, from, to);
    contextStart = from;
    from = to;
  }
  return { ...encoded, text, starts, ends };
}

/** What tokens add to the text of those before them. */
function pieceOf(tokenizer: Pick<Tokenizer, "decode">, ids: Int32Array, context: string): string {
  const whole = tokenizer.decode(ids);
  return whole.startsWith(context) ? whole.slice(context.length) : tokenizer.decode(ids.subarray(-1));
}
