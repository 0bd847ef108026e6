import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import { IGNORE, type EncodedRow } from "./types.ts";

/** An answer in a row of bare ids: `first`…`end` (excluded) behind the generation prompt, with its end-of-turn token where it has one. */
export interface FoundAnswer {
  readonly first: number;
  readonly end: number;
  /** Index of its end-of-turn token, -1 where the row ends before. */
  readonly endOfTurn: number;
}

interface Marks {
  /** What asks for an answer; empty where the template writes nothing. */
  readonly generationPrompt: string;
  readonly endOfTurn: number | undefined;
}

/**
 * Finds whose turn it is in rows of which only ids are known: an answer stands between what the template writes to ask for one
 * and its end-of-turn token. Undefined where the template has no such marks, or they are not made of tokens of their own.
 */
export class TurnFinder {
  private readonly tokenizer: Tokenizer;
  private readonly prompt: readonly number[];
  private readonly ends: ReadonlySet<number>;
  private readonly blanks = new Map<number, boolean>();

  private constructor(tokenizer: Tokenizer, prompt: readonly number[], ends: readonly number[]) {
    this.tokenizer = tokenizer;
    this.prompt = prompt;
    this.ends = new Set(ends);
  }

  static of(tokenizer: Tokenizer, marks: Marks, stopIds: readonly number[]): TurnFinder | undefined {
    // White space at its end may be one token with the beginning of the answer.
    const prompt = tokenizer.encode(marks.generationPrompt.trimEnd()).ids;
    const isAnchored = prompt[0] !== undefined && tokenizer.isAdded(prompt[0]);
    if (!isAnchored || marks.endOfTurn === undefined) return undefined;
    return new TurnFinder(tokenizer, prompt, [marks.endOfTurn, ...stopIds]);
  }

  /** Answers of a row, in order; none where the row was not made with this template. */
  answers(ids: ArrayLike<number>): FoundAnswer[] {
    const found: FoundAnswer[] = [];
    for (let i = 0; i < ids.length; i++) {
      if (!this.promptAt(ids, i)) continue;
      let first = i + this.prompt.length;
      while (first < ids.length && this.isBlank(ids[first] ?? -1)) first++;
      let end = first;
      while (end < ids.length && !this.ends.has(ids[end] ?? -1)) end++;
      const hasEnd = end < ids.length;
      found.push({ first, end: hasEnd ? end + 1 : end, endOfTurn: hasEnd ? end : -1 });
      i = end;
    }
    return found;
  }

  /** Whether something is scored that neither an answer nor white space or a mark beside it is: somebody else's words. */
  scoresOthers(row: EncodedRow, answers: readonly FoundAnswer[]): boolean {
    let next = 0;
    for (let i = 0; i < row.ids.length; i++) {
      while (next < answers.length && i >= (answers[next]?.end ?? 0)) next++;
      const answer = answers[next];
      const inside = answer !== undefined && i >= answer.first - this.prompt.length - 1 && i < answer.end;
      if (!inside && i > 0 && row.labels[i] !== IGNORE && !this.isMark(row.ids[i] ?? -1)) return true;
    }
    return false;
  }

  private promptAt(ids: ArrayLike<number>, at: number): boolean {
    return this.prompt.every((id, k) => ids[at + k] === id);
  }

  private isMark(id: number): boolean {
    return this.tokenizer.isAdded(id) || this.isBlank(id);
  }

  private isBlank(id: number): boolean {
    const known = this.blanks.get(id);
    if (known !== undefined) return known;
    const blank = !this.tokenizer.isAdded(id) && this.tokenizer.decode([id]).trim() === "";
    this.blanks.set(id, blank);
    return blank;
  }
}
