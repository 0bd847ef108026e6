import type { DrawnToken } from "../../components/tokens/view.ts";

/** Text of neighbouring tokens that are all trained, or all not. */
export interface Stretch {
  /** Index of its first token. */
  readonly start: number;
  readonly trained: boolean;
  readonly text: string;
}

export function stretches(tokens: readonly DrawnToken[]): Stretch[] {
  const found: Stretch[] = [];
  for (const { index, state, text } of tokens) {
    const trained = state !== "idle";
    const last = found.at(-1);
    if (last?.trained === trained) found[found.length - 1] = { ...last, text: last.text + text };
    else found.push({ start: index, trained, text });
  }
  return found;
}
