import { concatenate, Str, StrBuilder } from "./authored.ts";
import { bind, given } from "./binding.ts";
import { padStr } from "./formatNumber.ts";
import { PYTHON_SPACE } from "./lexer.ts";
import { fitsText, spendSearch, spendText } from "./limits.ts";
import { madeFrom } from "./losses.ts";
import { iterate } from "./operators.ts";
import { joinStr, replaceStr, splitLines, splitStr, splitWhitespace, stripStr } from "./strings.ts";
import { asIndex, asText, PyList, PyTuple, PythonError, typeName, type Arguments, type Value } from "./values.ts";

type StringMethod = (self: Str, args: Arguments) => Value;

/** Code units start…end that the optional arguments of `find`, `count`, `startswith` select. */
function range(self: Str, start: Value | undefined, end: Value | undefined): [number, number] {
  const length = self.codePointLength;
  const at = (value: Value | undefined, fallback: number): number => {
    if (value === undefined || value === null) return fallback;
    const index = asIndex(value);
    return Math.min(length, Math.max(0, index < 0 ? index + length : index));
  };
  return [self.unitOffset(at(start, 0)), self.unitOffset(at(end, length))];
}

/** `startswith` and `endswith`: one affix or a tuple of them, within optional bounds. */
function affixTest(name: string, matches: (text: string, affix: string) => boolean): StringMethod {
  return (self, args) => {
    const [affix, start, end] = bind(name, args, ["affix", "start", "end"], 1);
    const [from, to] = range(self, start, end);
    const text = from > to ? undefined : self.text.slice(from, to);
    const given_ = given(affix);
    const choices = given_ instanceof PyTuple ? given_.items : [given_];
    return choices.some((choice) => {
      const wanted = asText(choice, `${name} first arg`).text;
      return text !== undefined && matches(text, wanted);
    });
  };
}

/** `find` and `index` from either side; positions are code points. */
function finder(name: string, options: { last: boolean; raises: boolean }): StringMethod {
  return (self, args) => {
    const [sub, start, end] = bind(name, args, ["sub", "start", "end"], 1);
    const [from, to] = range(self, start, end);
    const text = self.text.slice(0, to);
    const wanted = asText(given(sub), "argument").text;
    spendSearch(text, wanted);
    const found = options.last ? text.lastIndexOf(wanted) : text.indexOf(wanted, from);
    if (found >= from && from <= to) return self.codePointIndex(found);
    if (options.raises) throw new PythonError("ValueError", "substring not found");
    return -1;
  };
}

function stripper(name: string, sides: { left: boolean; right: boolean }): StringMethod {
  return (self, args) => {
    const [chars] = bind(name, args, ["chars"]);
    return stripStr(self, chars === undefined || chars === null ? undefined : asText(chars, `${name} arg`).text, sides);
  };
}

function splitter(name: string, fromRight: boolean): StringMethod {
  return (self, args) => {
    const [separator, limit] = bind(name, args, ["sep", "maxsplit"]);
    const count = limit === undefined ? -1 : asIndex(limit);
    const options = { limit: count < 0 ? Infinity : count, fromRight };
    if (separator === undefined || separator === null) return new PyList(splitWhitespace(self, options));
    return new PyList(splitStr(self, asText(separator, "separator").text, options));
  };
}

function partitioner(name: string, fromRight: boolean): StringMethod {
  return (self, args) => {
    const [value] = bind(name, args, ["sep"], 1);
    const separator = asText(given(value), "separator");
    if (separator.text === "") throw new PythonError("ValueError", "empty separator");
    spendSearch(self.text, separator.text);
    const at = fromRight ? self.text.lastIndexOf(separator.text) : self.text.indexOf(separator.text);
    const empty = new Str("");
    if (at < 0) return new PyTuple(fromRight ? [empty, empty, self] : [self, empty, empty]);
    const end = at + separator.text.length;
    return new PyTuple([self.slice(0, at), self.slice(at, end), self.slice(end)]);
  };
}

function padder(name: string, align: "<" | ">" | "^"): StringMethod {
  return (self, args) => {
    const [width, fill] = bind(name, args, ["width", "fillchar"], 1);
    const character = fill === undefined ? " " : asText(fill, "fill character").text;
    if (align === "^") return centre(self, asIndex(given(width)), character);
    return padStr(self, { width: asIndex(given(width)), align, fill: character });
  };
}

/** Python's `center`: an odd rest goes left where the width is odd. */
export function centre(self: Str, width: number, fill: string): Str {
  const missing = width - self.codePointLength;
  if (missing <= 0) return self;
  fitsText(width);
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return new StrBuilder()
    .addText(fill.repeat(left))
    .add(self)
    .addText(fill.repeat(missing - left))
    .build();
}

/** A method that makes another text: the result is the template's, unless nothing changed. */
function rewriter(name: string, rewrite: (text: string) => string): StringMethod {
  return (self, args) => {
    bind(name, args, []);
    spendText(self.text.length * 8);
    const text = rewrite(self.text);
    return text === self.text ? self : madeFrom(self, text, name);
  };
}

/** `pattern` tests one character; an empty string never passes. */
function characterTest(pattern: RegExp): StringMethod {
  return (self) => {
    spendText(self.text.length * 8);
    for (const char of self.text) if (!pattern.test(char)) return false;
    return self.text !== "";
  };
}

function caseTest(own: RegExp, other: RegExp): StringMethod {
  return (self) => own.test(self.text) && !other.test(self.text);
}

const CASED = /\p{Cased}/u;

/** Letters that are two letters have a form of their own for the beginning of a word. */
const TITLE_DIGRAPHS: Readonly<Record<string, string>> = { Ǆ: "ǅ", Ǉ: "ǈ", Ǌ: "ǋ", Ǳ: "ǲ" };

/** Titlecase of one character: what upper case adds behind the first letter is lower case (ß becomes Ss, ﬁ becomes Fi). */
function titleCharacter(char: string): string {
  const digraph = TITLE_DIGRAPHS[char.toUpperCase()];
  if (digraph !== undefined) return digraph;
  const [first = "", ...rest] = char.toUpperCase();
  return CASED.test(first) ? first + rest.join("").toLowerCase() : char.toUpperCase();
}

/** Python's `capitalize`. */
export function capitalize(text: string): string {
  const [first = ""] = text;
  return titleCharacter(first) + text.slice(first.length).toLowerCase();
}

/** Python's `title`: a cased letter behind one that is not cased begins a word. */
function titleCase(text: string): string {
  let inWord = false;
  let result = "";
  for (const char of text) {
    result += inWord ? char.toLowerCase() : titleCharacter(char);
    inWord = CASED.test(char);
  }
  return result;
}

const swapCase = (text: string): string =>
  Array.from(text, (char) => (char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase())).join("");

function affixRemover(name: string, prefix: boolean): StringMethod {
  return (self, args) => {
    const affix = asText(given(bind(name, args, ["affix"], 1)[0]), "argument").text;
    if (affix === "" || !(prefix ? self.text.startsWith(affix) : self.text.endsWith(affix))) return self;
    return prefix ? self.slice(affix.length) : self.slice(0, self.text.length - affix.length);
  };
}

function zeroFill(self: Str, args: Arguments): Value {
  const width = asIndex(given(bind("zfill", args, ["width"], 1)[0]));
  const missing = width - self.codePointLength;
  if (missing <= 0) return self;
  fitsText(width);
  const signed = /^[+-]/.test(self.text) ? 1 : 0;
  return concatenate(self.slice(0, signed), new Str("0".repeat(missing)), self.slice(signed));
}

function countMatches(self: Str, args: Arguments): Value {
  const [sub, start, end] = bind("count", args, ["sub", "start", "end"], 1);
  const [from, to] = range(self, start, end);
  const wanted = asText(given(sub), "argument").text;
  if (from > to) return 0;
  const text = self.slice(from, to);
  if (wanted === "") return text.codePointLength + 1;
  spendSearch(text.text, wanted);
  let count = 0;
  for (let at = text.text.indexOf(wanted); at >= 0; at = text.text.indexOf(wanted, at + wanted.length)) count++;
  return count;
}

function joinMethod(self: Str, args: Arguments): Value {
  const items = iterate(given(bind("join", args, ["iterable"], 1)[0]));
  const parts = items.map((item, i) => {
    if (item instanceof Str) return item;
    throw new PythonError("TypeError", `sequence item ${i}: expected str instance, ${typeName(item)} found`);
  });
  return joinStr(self, parts);
}

function replaceMethod(self: Str, args: Arguments): Value {
  const [old, replacement, count] = bind("replace", args, ["old", "new", "count"], 2);
  const limit = count === undefined ? -1 : asIndex(count);
  return replaceStr(self, asText(given(old), "replace() argument 1"), {
    replacement: asText(given(replacement), "replace() argument 2"),
    limit: limit < 0 ? Infinity : limit,
  });
}

const LINE_PARAMETERS = ["keepends"];

/** Methods of Python's `str`, by name; `format` is added where attributes are looked up. */
export const STRING_METHODS: Readonly<Record<string, StringMethod>> = {
  capitalize: rewriter("capitalize", capitalize),
  casefold: rewriter("casefold", (text) => text.replaceAll("ß", "ss").toLowerCase()),
  center: padder("center", "^"),
  count: countMatches,
  endswith: affixTest("endswith", (text, affix) => text.endsWith(affix)),
  find: finder("find", { last: false, raises: false }),
  index: finder("index", { last: false, raises: true }),
  isalnum: characterTest(/[\p{L}\p{N}]/u),
  isalpha: characterTest(/\p{L}/u),
  isascii: (self) => /^\p{ASCII}*$/u.test(self.text),
  isdecimal: characterTest(/\p{Nd}/u),
  isdigit: characterTest(/[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468]/u),
  islower: caseTest(/\p{Ll}/u, /[\p{Lu}\p{Lt}]/u),
  isnumeric: characterTest(/\p{N}/u),
  isspace: characterTest(new RegExp(`[${PYTHON_SPACE}]`, "u")),
  isupper: caseTest(/\p{Lu}/u, /[\p{Ll}\p{Lt}]/u),
  join: joinMethod,
  ljust: padder("ljust", "<"),
  lower: rewriter("lower", (text) => text.toLowerCase()),
  lstrip: stripper("lstrip", { left: true, right: false }),
  partition: partitioner("partition", false),
  removeprefix: affixRemover("removeprefix", true),
  removesuffix: affixRemover("removesuffix", false),
  replace: replaceMethod,
  rfind: finder("rfind", { last: true, raises: false }),
  rindex: finder("rindex", { last: true, raises: true }),
  rjust: padder("rjust", ">"),
  rpartition: partitioner("rpartition", true),
  rsplit: splitter("rsplit", true),
  rstrip: stripper("rstrip", { left: false, right: true }),
  split: splitter("split", false),
  splitlines: (self, args) => new PyList(splitLines(self, bind("splitlines", args, LINE_PARAMETERS)[0] === true)),
  startswith: affixTest("startswith", (text, affix) => text.startsWith(affix)),
  strip: stripper("strip", { left: true, right: true }),
  swapcase: rewriter("swapcase", swapCase),
  title: rewriter("title", titleCase),
  upper: rewriter("upper", (text) => text.toUpperCase()),
  zfill: zeroFill,
};
