import type { AuthorLoss } from "#shared/contract/proof.ts";
import type { TokenView } from "#shared/contract/text.ts";
import { IGNORE, REASONS, type Reason } from "#shared/text/types.ts";

/** `strong`: trained with a weight above 1. */
export type TokenState = "trained" | "partly" | "strong" | "idle";

/** One token as it is drawn. */
export interface DrawnToken {
  readonly index: number;
  readonly id: number;
  /** The characters that it covers in the rendered text; empty where an earlier token of the same character shows it. */
  readonly text: string;
  readonly piece: string;
  readonly state: TokenState;
  readonly weight: number;
  readonly reason: Reason;
  /** Message that wrote it, -1 for the template. */
  readonly message: number;
  /** A line ends with this token. */
  readonly breaks: boolean;
  /** A byte of a character that an earlier token shows. */
  readonly continues: boolean;
  /** Holds some of the bytes of a character only. */
  readonly bytes: boolean;
  /** One of the tokenizer's own, such as the end of a turn. */
  readonly special: boolean;
  /** Place of the mask's rule that decided, from 1; 0 for none. */
  readonly rule: number;
  /** Cut off by the maximum length. */
  readonly cut: boolean;
  /** Holds text that the template made from a message's, so that nobody knows who wrote which character. */
  readonly loss?: AuthorLoss;
}

/** A byte as SentencePiece writes it where the character is not in the vocabulary. */
const BYTE = /^<0x[0-9A-Fa-f]{2}>$/;

function stateOf(label: number, weight: number): TokenState {
  if (label === IGNORE || weight === 0) return "idle";
  return weight === 1 ? "trained" : weight < 1 ? "partly" : "strong";
}

/**
 * The tokens of a view, column by column, as drawable tokens. A character that takes several tokens (byte fallback) is
 * shown once, at its first token.
 */
export function drawTokens(view: TokenView, limit = Infinity): DrawnToken[] {
  const drawn: DrawnToken[] = [];
  const special = new Set(view.special);
  const lossAt = lossFinder(view);
  let shownTo = 0;
  const count = Math.min(view.ids.length, limit);
  for (let index = 0; index < count; index += 1) {
    const start = view.starts[index] ?? 0;
    const end = view.ends[index] ?? start;
    const text = view.text.slice(Math.max(start, shownTo), end);
    const weight = view.weights[index] ?? 0;
    const piece = view.pieces[index] ?? "";
    const loss = lossAt(start, end);
    drawn.push({
      index,
      id: view.ids[index] ?? 0,
      text,
      piece,
      state: stateOf(view.labels[index] ?? IGNORE, weight),
      weight,
      reason: REASONS[view.reasons[index] ?? 0] ?? "template",
      message: view.messages[index] ?? -1,
      breaks: text.includes("\n"),
      continues: text === "" && end > start,
      bytes: BYTE.test(piece) || (end > start && (start < shownTo || (view.starts[index + 1] ?? end) < end)),
      special: special.has(index),
      rule: view.rules?.[index] ?? 0,
      cut: index >= (view.cutFrom ?? Infinity),
      ...(loss ? { loss } : {}),
    });
    shownTo = Math.max(shownTo, end);
  }
  return drawn;
}

/** The loss that characters `start`…`end` lie in; asked in the order of the text. */
function lossFinder(view: TokenView): (start: number, end: number) => AuthorLoss | undefined {
  const lost = view.origins.filter((origin) => origin.loss !== undefined);
  let at = 0;
  return (start, end) => {
    while ((lost[at]?.end ?? Infinity) <= start) at += 1;
    const here = lost[at];
    return here && here.start < end ? here.loss : undefined;
  };
}

/** What a token shows: line ends as ↵, tabs as ⇥; a space stays a space, or is ␣ where spaces are to be seen. */
export function visibleText(token: DrawnToken, options: { spaces?: boolean } = {}): string {
  if (token.continues) return "·";
  if (token.text === "") return token.piece === "" ? "∅" : token.piece;
  const text = token.text.replaceAll("\r", "␍").replaceAll("\n", "↵").replaceAll("\t", "⇥");
  return options.spaces ? text.replaceAll(" ", "␣").replaceAll("\u00a0", "⍽").replaceAll("\u3000", "□") : text;
}

/** Share of tokens that are trained, 0…1. */
export const trainedShare = (view: TokenView): number =>
  view.ids.length === 0 ? 0 : view.supervised / view.ids.length;
