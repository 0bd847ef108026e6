import { SPACE } from "./spaces.ts";

/**
 * Pieces with their places, for pre-tokenizers that leave characters out (white space, mostly) or put some in front of every word.
 */
export interface Word {
  readonly text: string;
  /** Where its own first code unit stands in the section. */
  readonly start: number;
  /** Code units that were put before it and are not in the section. */
  readonly added: number;
}

/** Cuts each word further; the first section of a text may be treated differently. */
export type WordStep = (word: Word, sectionIndex: number) => Word[];

/** ASCII's signs, and what Unicode calls punctuation: the reference's `is_punc`. */
export const PUNCTUATION = "!-\\/:-@\\[-`{-~\\p{P}";
/** The reference's `\w`. */
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";

/** Patterns of what stays, by type of pre-tokenizer; what they do not match is left out. */
export const KEEPING: Readonly<Record<string, RegExp>> = {
  BertPreTokenizer: new RegExp(`[${PUNCTUATION}]|[^${SPACE}${PUNCTUATION}]+`, "gu"),
  Whitespace: new RegExp(`[${WORD}]+|[^${WORD}${SPACE}]+`, "gu"),
  WhitespaceSplit: new RegExp(`[^${SPACE}]+`, "gu"),
};

/** Keeps what a pattern matches. */
export const keeping =
  (pattern: RegExp): WordStep =>
  (word) =>
    Array.from(word.text.matchAll(pattern), (match) => partOf(word, match.index, match.index + match[0].length));

/** Leaves out what a pattern matches. */
export const removing =
  (pattern: RegExp): WordStep =>
  (word) => {
    const matches = [...word.text.matchAll(pattern)];
    const starts = [0, ...matches.map((match) => match.index + match[0].length)];
    const ends = [...matches.map((match) => match.index), word.text.length];
    return starts.flatMap((start, i) => ((ends[i] ?? 0) > start ? [partOf(word, start, ends[i] ?? 0)] : []));
  };

/** A step that only cuts: its pieces joined are the word. */
export const cutting =
  (step: (text: string) => string[]): WordStep =>
  (word) => {
    let at = 0;
    return step(word.text).map((text) => partOf(word, at, (at += text.length)));
  };

/** Puts a text before a word that does not begin with it. */
export function withPrefix(word: Word, prefix: string): Word {
  return word.text.startsWith(prefix)
    ? word
    : { text: prefix + word.text, start: word.start, added: word.added + prefix.length };
}

function partOf({ start, added, text }: Word, from: number, to: number): Word {
  return { text: text.slice(from, to), start: start + Math.max(0, from - added), added: Math.max(0, added - from) };
}

/** SentencePiece's way with spaces: each becomes ▁, one is put in front, and a piece begins at each of them. */
export function metaspace(config: Readonly<Record<string, unknown>>): WordStep {
  const { replacement, split, prepend_scheme: given, add_prefix_space: adds } = config;
  const mark = typeof replacement === "string" ? replacement : "▁";
  const scheme = typeof given === "string" ? given : adds === false ? "never" : "always";
  return (word, sectionIndex) => {
    const marked = { ...word, text: word.text.replaceAll(" ", mark) };
    const isFirst = sectionIndex === 0 && word.start === 0;
    const whole = scheme === "always" || (scheme === "first" && isFirst) ? withPrefix(marked, mark) : marked;
    if (split === false) return [whole];
    const cuts = [...whole.text.matchAll(new RegExp(mark, "gu"))].map((match) => match.index).filter((at) => at > 0);
    return [0, ...cuts].map((from, i) => partOf(whole, from, cuts[i] ?? whole.text.length));
  };
}
