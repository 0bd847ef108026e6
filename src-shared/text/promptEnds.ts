import type { TokenColumns } from "./mask/tokenized.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import { type EncodedRow, IGNORE } from "./types.ts";

/**
 * Where the prompt that serving would give for each message ends in the row's text, in code units. Depends on template and
 * conversation only, not on what is trained.
 */
/** The message is no answer, or the template refuses a conversation that ends before it. */
export const NO_PROMPT = -1;
/** Serving would give other ids than those with which the row begins. */
export const OTHER_PROMPT = -2;

/** A row as it was tokenised: one entry a token, and the text. */
export type RowTokens = TokenColumns & { readonly text: string };

/** Whether some trained answer stands behind other ids than serving would give for it, or the row (a part of one) begins behind them. */
export function prefixDiffers(encoded: EncodedRow, promptEnds: readonly number[]): boolean {
  const isTrained = trainedMessages(encoded, promptEnds.length);
  const begins = encoded.starts[0] ?? 0;
  return promptEnds.some((end, message) => {
    if (end === NO_PROMPT || isTrained[message] !== 1) return false;
    return end === OTHER_PROMPT || (begins > 0 && begins >= end);
  });
}

/** 1 for each message with a token that is a target. */
function trainedMessages({ messages, labels }: EncodedRow, count: number): Uint8Array {
  const trained = new Uint8Array(count);
  for (let i = 0; i < labels.length; i++) {
    const message = messages[i] ?? -1;
    if (message >= 0 && labels[i] !== IGNORE) trained[message] = 1;
  }
  return trained;
}

/** Short texts behind the last mark of a prompt are the same in most rows. */
const KEPT_TEXTS = 4096;
const KEPT_LENGTH = 256;

/**
 * Compares rows with prompts by ids. What stands before an added token is cut off there and tokenised by itself, so that the ids before
 * the last one that both share are equal where the texts are, and only what follows it is tokenised anew.
 */
export class PromptMatcher {
  private readonly tokenizer: Tokenizer;
  private readonly plainContent: boolean;
  private readonly known = new Map<string, readonly number[]>();

  /** @param plainContent special tokens inside of contents are text, in rows and in what is served */
  constructor(tokenizer: Tokenizer, plainContent: boolean) {
    this.tokenizer = tokenizer;
    this.plainContent = plainContent;
  }

  /** Whether the row's ids begin with the prompt's. A row that is a part of one is compared from where it begins. */
  begins(row: RowTokens, prompt: string): boolean {
    const sharesText = row.text.startsWith(prompt);
    const mark = sharesText ? this.lastMark(row, prompt.length) : -1;
    const from = mark < 0 ? 0 : (row.starts[mark] ?? 0);
    // which special tokens are only text is known by the row's text
    if (!sharesText && this.plainContent) return false;
    const ids = this.idsOf(prompt.slice(from), mark < 0 ? 0 : (row.ends[mark] ?? 0) - from);
    const first = Math.max(0, mark);
    const isPart = mark < 0 && (row.starts[0] ?? 0) > 0 && sharesText;
    // of a part only the end of the prompt is there
    const skipped = isPart ? Math.max(0, ids.length - tokensBefore(row, prompt.length)) : 0;
    return ids.every((id, i) => i < skipped || row.ids[first + i - skipped] === id);
  }

  /** The last token that begins before an offset, and before which every text is cut; -1 for none. */
  private lastMark({ ids, starts }: RowTokens, offset: number): number {
    let at = ids.length - 1;
    while (at >= 0 && ((starts[at] ?? 0) >= offset || !this.tokenizer.cutsText(ids[at] ?? -1))) at--;
    return at;
  }

  /** @param textFrom from here on special tokens are only text, where that is asked for: no mark follows */
  private idsOf(text: string, textFrom: number): readonly number[] {
    const plain = this.plainContent;
    const key = `${plain ? textFrom : ""}:${text}`;
    const known = this.known.get(key);
    if (known) return known;
    const { ids } = this.tokenizer.encode(text, plain ? (offset) => offset >= textFrom : undefined);
    if (text.length > KEPT_LENGTH) return ids;
    if (this.known.size >= KEPT_TEXTS) this.known.clear();
    this.known.set(key, ids);
    return ids;
  }
}

function tokensBefore({ ends }: RowTokens, offset: number): number {
  let count = 0;
  while (count < ends.length && (ends[count] ?? 0) <= offset) count++;
  return count;
}
