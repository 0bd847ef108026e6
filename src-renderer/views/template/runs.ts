import type { DrawnToken, TokenState } from "../../components/tokens/view.ts";

/** Tokens next to each other with one state and one writer, as one piece of text. */
export interface TextRun {
  /** Index of the first token, and of the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly state: TokenState;
}

export function textRuns(tokens: readonly DrawnToken[]): TextRun[] {
  const runs: TextRun[] = [];
  let start = 0;
  for (let at = 1; at <= tokens.length; at += 1) {
    const [first, next] = [tokens[start], tokens[at]];
    if (!first) break;
    if (next && next.state === first.state && next.message === first.message) continue;
    const text = tokens.slice(start, at).reduce((sum, token) => sum + token.text, "");
    runs.push({ from: start, to: at, text, state: first.state });
    start = at;
  }
  return runs;
}
