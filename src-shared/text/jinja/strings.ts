import type { Str } from "./authored.ts";
import { StrBuilder } from "./authored.ts";
import { PYTHON_SPACE } from "./lexer.ts";
import { fitsItems, spendSearch, spendText } from "./limits.ts";
import { inPlaceOf } from "./losses.ts";
import { PythonError } from "./values.ts";

/** The string operations that keep who wrote each character. Limits are the largest number of cuts. */

const WORD = new RegExp(`[^${PYTHON_SPACE}]+`, "gu");
const SPACE = new RegExp(`[${PYTHON_SPACE}]`, "u");

/** Python's strip, lstrip and rstrip: of white space, or of the characters in `chars`. */
export function stripStr(value: Str, chars: string | undefined, sides: { left: boolean; right: boolean }): Str {
  const set = chars === undefined ? undefined : new Set(chars);
  const drops = (char: string): boolean => (set ? set.has(char) : SPACE.test(char));
  const { text } = value;
  let start = 0;
  let end = text.length;
  while (sides.left && start < end) {
    const char = String.fromCodePoint(text.codePointAt(start) ?? 0);
    if (!drops(char)) break;
    start += char.length;
  }
  while (sides.right && end > start) {
    const char = lastCharacter(text, end);
    if (!drops(char)) break;
    end -= char.length;
  }
  return value.slice(start, end);
}

function lastCharacter(text: string, end: number): string {
  const pair = text.slice(Math.max(0, end - 2), end);
  return pair.length === 2 && (pair.codePointAt(0) ?? 0) > 0xffff ? pair : text.slice(end - 1, end);
}

/** How often to cut, and from which side. */
export interface SplitOptions {
  readonly limit: number;
  readonly fromRight: boolean;
}

/** Python's `split` and `rsplit` with a separator. @throws PythonError ValueError of an empty separator */
export function splitStr(value: Str, separator: string, options: SplitOptions): Str[] {
  if (separator === "") throw new PythonError("ValueError", "empty separator");
  spendSearch(value.text, separator);
  return options.fromRight
    ? splitFromRight(value, separator, options.limit)
    : splitFromLeft(value, separator, options.limit);
}

function splitFromLeft(value: Str, separator: string, limit: number): Str[] {
  const parts: Str[] = [];
  let start = 0;
  while (parts.length < limit) {
    const at = value.text.indexOf(separator, start);
    if (at < 0) break;
    parts.push(value.slice(start, at));
    fitsItems(parts.length);
    start = at + separator.length;
  }
  parts.push(value.slice(start));
  return parts;
}

function splitFromRight(value: Str, separator: string, limit: number): Str[] {
  const parts: Str[] = [];
  let end = value.text.length;
  while (parts.length < limit && end >= separator.length) {
    const at = value.text.lastIndexOf(separator, end - separator.length);
    if (at < 0) break;
    parts.push(value.slice(at + separator.length, end));
    fitsItems(parts.length);
    end = at;
  }
  parts.push(value.slice(0, end));
  return parts.reverse();
}

/** `split()` without separator: runs of white space separate, none at the ends. */
export function splitWhitespace(value: Str, options: SplitOptions): Str[] {
  const words: { readonly index: number; readonly 0: string }[] = [];
  spendText(value.text.length);
  for (const { index, 0: word } of value.text.matchAll(WORD)) {
    fitsItems(words.push({ index, 0: word }));
  }
  if (words.length <= options.limit) return words.map((word) => value.slice(word.index, word.index + word[0].length));
  const cut = options.limit;
  const pick = (from: number, to: number): Str[] =>
    words.slice(from, to).map((word) => value.slice(word.index, word.index + word[0].length));
  if (!options.fromRight) {
    const rest = value.slice(words[cut]?.index ?? 0);
    return [...pick(0, cut), rest];
  }
  const last = words[words.length - cut - 1];
  const rest = value.slice(0, last ? last.index + last[0].length : 0);
  return [rest, ...pick(words.length - cut, words.length)];
}

/** What `str.splitlines` takes for a line end. */
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g; // eslint-disable-line no-control-regex -- Python's list

/** Python's `splitlines`. */
export function splitLines(value: Str, keepEnds: boolean): Str[] {
  const lines: Str[] = [];
  let start = 0;
  for (const match of value.text.matchAll(LINE_END)) {
    const end = match.index + match[0].length;
    fitsItems(lines.length);
    lines.push(value.slice(start, keepEnds ? end : match.index));
    start = end;
  }
  if (start < value.text.length) lines.push(value.slice(start));
  return lines;
}

/** Python's `separator.join(parts)`. */
export function joinStr(separator: Str, parts: readonly Str[]): Str {
  const out = new StrBuilder();
  parts.forEach((part, i) => {
    if (i > 0) out.add(separator);
    out.add(part);
  });
  return out.build();
}

/** Python's `replace`; the replacement keeps its own authors. */
export function replaceStr(value: Str, old: Str, options: { replacement: Str; limit: number }): Str {
  if (old.text === "") return interleave(value, options);
  spendSearch(value.text, old.text);
  const parts = splitFromLeft(value, old.text, options.limit);
  if (parts.length === 1) return value;
  return value.runs === undefined ? joinStr(options.replacement, parts) : replaced(value, parts, { ...options, old });
}

/** The new text between the parts, each time in place of whoever wrote the old one there. */
function replaced(value: Str, parts: readonly Str[], { old, replacement }: { old: Str; replacement: Str }): Str {
  const out = new StrBuilder();
  let at = 0;
  parts.forEach((part, i) => {
    if (i > 0) {
      out.add(inPlaceOf(value.authorAt(at), replacement, "replace"));
      at += old.text.length;
    }
    out.add(part);
    at += part.text.length;
  });
  return out.build();
}

/** Replacing the empty string puts the replacement before each character and at the end. */
function interleave(value: Str, options: { replacement: Str; limit: number }): Str {
  const out = new StrBuilder();
  let left = options.limit;
  for (const char of value.characters()) {
    if (left-- > 0) out.add(options.replacement);
    out.add(char);
  }
  if (left > 0) out.add(options.replacement);
  return out.build();
}
