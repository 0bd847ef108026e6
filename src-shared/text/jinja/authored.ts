import { fitsItems, fitsText, madeText, madeItems, spendText } from "./limits.ts";

/**
 * Strings that know who wrote each character. An author is a small integer: 0 is the template, anything else is chosen by
 * the caller of the renderer. Offsets here are UTF-16 code units; `codePoints` helps where Python counts code points.
 */
export type Author = number;
/** The author of everything that no message wrote. */
export const TEMPLATE: Author = 0;

/**
 * Run lengths, flat: end of the run (excluded), its author, end, author, …; undefined: all of it is the template's. A run of no
 * length says that an author's empty text stands there: an answer without a word still has its place.
 */
export type Runs = readonly number[] | undefined;

const SURROGATE = /[\ud800-\udfff]/;

/** An immutable string with its authors. Slicing, joining and replacing keep them; anything else makes a new string of the template's. */
export class Str {
  readonly text: string;
  readonly runs: Runs;

  constructor(text: string, runs?: Runs) {
    this.text = text;
    this.runs = runs;
  }

  /** A string written by one author. */
  static by(text: string, author: Author): Str {
    return author === TEMPLATE ? new Str(text) : new Str(text, [text.length, author]);
  }

  /** Length in code points, as Python's `len`. */
  get codePointLength(): number {
    return this.codePointIndex(this.text.length);
  }

  /** Characters `start`…`end` (code units, end excluded). */
  slice(start: number, end: number = this.text.length): Str {
    if (start <= 0 && end >= this.text.length) return this;
    const text = this.text.slice(start, end);
    if (this.runs === undefined) return new Str(text);
    return text === "" ? Str.by("", this.anyAuthorNear(start)) : new Str(text, sliceRuns(this.runs, start, end));
  }

  /** Author of the character at a code unit offset. */
  authorAt(offset: number): Author {
    const { runs } = this;
    if (runs === undefined) return TEMPLATE;
    for (let i = 0; i < runs.length; i += 2) if (offset < (runs[i] ?? 0)) return runs[i + 1] ?? TEMPLATE;
    return TEMPLATE;
  }

  /** The same text with other authors; neighbours with one author become one run. */
  mapAuthors(change: (author: Author) => Author): Str {
    const builder = new StrBuilder();
    const runs = this.runs ?? [this.text.length, TEMPLATE];
    let start = 0;
    for (let i = 0; i < runs.length; i += 2) {
      const end = runs[i] ?? 0;
      builder.addText(this.text.slice(start, end), change(runs[i + 1] ?? TEMPLATE));
      start = end;
    }
    return builder.build();
  }

  /** Who wrote the text at an offset, else the nearest text before it, else the first behind it that somebody wrote. */
  private anyAuthorNear(offset: number): Author {
    const { runs = [] } = this;
    let near: Author = TEMPLATE;
    for (let i = 0; i < runs.length; i += 2) {
      const author = runs[i + 1] ?? TEMPLATE;
      if (author === TEMPLATE) continue;
      const start = i === 0 ? 0 : (runs[i - 2] ?? 0);
      if (near !== TEMPLATE && start > offset) return near;
      near = author;
    }
    return near;
  }

  /** One string for each code point. */
  characters(): Str[] {
    const result: Str[] = [];
    let at = 0;
    fitsItems(this.text.length / 2);
    madeItems(this.text.length);
    for (const char of this.text) {
      result.push(Str.by(char, this.authorAt(at)));
      at += char.length;
    }
    return result;
  }

  /** Code unit offset of code point `index`, which is within 0…length. */
  unitOffset(index: number): number {
    spendText(this.text.length);
    if (!SURROGATE.test(this.text)) return index;
    let at = 0;
    for (let i = 0; i < index; i++) at += (this.text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    return at;
  }

  /** Code point index of a code unit offset. */
  codePointIndex(offset: number): number {
    spendText(this.text.length);
    if (!SURROGATE.test(this.text)) return offset;
    let count = 0;
    for (let at = 0; at < offset; count++) at += (this.text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    return count;
  }
}

function sliceRuns(runs: readonly number[], start: number, end: number): Runs {
  const result: number[] = [];
  let runStart = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const runEnd = runs[i] ?? 0;
    const from = Math.max(runStart, start);
    const to = Math.min(runEnd, end);
    if (from < to) result.push(to - start, runs[i + 1] ?? TEMPLATE);
    runStart = runEnd;
  }
  return result.length === 2 && result[1] === TEMPLATE ? undefined : result;
}

/** Joins strings one after the other, keeping who wrote what. */
export class StrBuilder {
  private readonly parts: string[] = [];
  private runs: number[] | undefined;
  length = 0;

  addText(text: string, author: Author = TEMPLATE): this {
    if (text === "" && author === TEMPLATE) return this;
    this.parts.push(text);
    this.extend(this.length + text.length, author);
    return this;
  }

  add(value: Str): this {
    if (value.runs === undefined) return this.addText(value.text);
    const base = this.length;
    this.parts.push(value.text);
    for (let i = 0; i < value.runs.length; i += 2)
      this.extend(base + (value.runs[i] ?? 0), value.runs[i + 1] ?? TEMPLATE);
    return this;
  }

  build(): Str {
    madeText(this.length);
    return new Str(this.parts.join(""), this.runs);
  }

  private extend(end: number, author: Author): void {
    fitsText(end);
    if (this.runs === undefined) {
      if (author !== TEMPLATE) this.runs = this.length > 0 ? [this.length, TEMPLATE, end, author] : [end, author];
    } else if (this.runs[this.runs.length - 1] === author) {
      this.runs[this.runs.length - 2] = end;
    } else {
      this.runs.push(end, author);
    }
    this.length = end;
  }
}

/** Strings one after the other. */
export function concatenate(...parts: readonly Str[]): Str {
  const builder = new StrBuilder();
  for (const part of parts) builder.add(part);
  return builder.build();
}
