import { type Author, Str, StrBuilder, TEMPLATE } from "./authored.ts";
import { fitsText, spend } from "./limits.ts";
import {
  Callable,
  Loop,
  Markup,
  Namespace,
  PyDict,
  PyFloat,
  PyIterator,
  PyList,
  PyRange,
  PyTuple,
  PythonError,
  PyView,
  typeName,
  Undefined,
  UnsupportedError,
  type Value,
} from "./values.ts";

/** Python's `repr` of a float: the shortest digits that read back, exponent below 1e-4 and from 1e16 on. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const magnitude = Math.abs(exponent).toString().padStart(2, "0");
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${magnitude}`;
  }
  const text = Math.abs(value) < 1 ? value.toFixed(Math.min(100, digitCount(mantissa) - 1 - exponent)) : String(value);
  return text.includes(".") ? text : `${text}.0`;
}

const digitCount = (mantissa: string): number => mantissa.replace(/[-.]/g, "").length;

const MAX_INTEGER = 10n ** 4300n;

/** Digits of an int; Python refuses to write more than 4,300 of them. @throws PythonError ValueError */
export function integerText(value: number | bigint): string {
  if (typeof value === "bigint" && (value >= MAX_INTEGER || value <= -MAX_INTEGER))
    throw new PythonError("ValueError", "Exceeds the limit (4300 digits) for integer string conversion");
  return String(value);
}

/** Python's `str(value)`, as `{{ value }}` writes it. */
export function toStr(value: Value): Str {
  if (value instanceof Str) return value;
  if (value instanceof Undefined) return new Str("");
  if (value instanceof Markup) return value.value;
  return toRepr(value);
}

/** Python's `repr(value)`. Strings inside keep who wrote them. */
export function toRepr(value: Value): Str {
  const builder = new StrBuilder();
  writeRepr(value, builder, 0);
  return builder.build();
}

function writeRepr(value: Value, out: StrBuilder, depth: number): void {
  spend(2);
  if (depth > 200)
    throw new PythonError("RecursionError", "maximum recursion depth exceeded while getting the repr of an object");
  const series = (items: readonly Value[]): void =>
    items.forEach((item, i) => {
      if (i > 0) out.addText(", ");
      writeRepr(item, out, depth + 1);
    });
  const scalar = scalarRepr(value);
  if (scalar !== undefined) out.addText(scalar);
  else if (value instanceof Str) writeStringRepr(value, out);
  else if (value instanceof PyList) {
    out.addText("[");
    series(value.items);
    out.addText("]");
  } else if (value instanceof PyTuple) {
    out.addText("(");
    series(value.items);
    out.addText(value.items.length === 1 ? ",)" : ")");
  } else if (value instanceof PyDict) writeDictRepr(value, out, depth);
  else if (value instanceof PyView) {
    out.addText(`dict_${value.kind}([`);
    series(value.items());
    out.addText("])");
  } else throw new UnsupportedError(`writing out a value of type ${typeName(value)}`);
}

function scalarRepr(value: Value): string | undefined {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number" || typeof value === "bigint") return integerText(value);
  if (value instanceof PyFloat) return floatText(value.value);
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof PyRange) {
    return value.step === 1
      ? `range(${value.start}, ${value.stop})`
      : `range(${value.start}, ${value.stop}, ${value.step})`;
  }
  if (value instanceof Callable || value instanceof Namespace || value instanceof Loop || value instanceof PyIterator) {
    throw new UnsupportedError(`writing out a ${typeName(value)}, whose text differs from run to run`);
  }
  return undefined;
}

function writeDictRepr(dict: PyDict, out: StrBuilder, depth: number): void {
  out.addText("{");
  dict.entries().forEach(({ key, value }, i) => {
    if (i > 0) out.addText(", ");
    writeRepr(key, out, depth + 1);
    out.addText(": ");
    writeRepr(value, out, depth + 1);
  });
  out.addText("}");
}

const REPR_ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
/** What Python does not call printable: other, separators but the space. */
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

/** Single quotes, unless the text holds some and no double ones. */
function writeStringRepr(value: Str, out: StrBuilder): void {
  const quote = value.text.includes("'") && !value.text.includes('"') ? '"' : "'";
  out.addText(quote);
  for (const char of value.characters()) out.addText(escapeForRepr(char.text, quote), char.authorAt(0));
  out.addText(quote);
}

function escapeForRepr(char: string, quote: string): string {
  if (char === quote) return `\\${char}`;
  const simple = REPR_ESCAPES[char];
  if (simple !== undefined) return simple;
  if (char === " " || !UNPRINTABLE.test(char)) return char;
  const code = char.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

/** The arguments of `json.dumps` that a template can set. */
export interface JsonOptions {
  readonly ensureAscii: boolean;
  /** Text of one level of indentation; undefined: one line. */
  readonly indent: string | undefined;
  readonly itemSeparator: string;
  readonly keySeparator: string;
  readonly sortKeys: boolean;
}

/** Python's `json.dumps`. A container that a message brought belongs to that message, brackets and keys included. */
export function toJson(value: Value, options: JsonOptions): Str {
  const out = new StrBuilder();
  writeJson(value, out, { options, level: 0, author: TEMPLATE });
  return out.build();
}

interface JsonPlace {
  readonly options: JsonOptions;
  readonly level: number;
  readonly author: Author;
}

function writeJson(value: Value, out: StrBuilder, place: JsonPlace): void {
  const { options, author, level } = place;
  spend(2);
  if (level > 900)
    throw new PythonError("RecursionError", "maximum recursion depth exceeded while encoding a JSON object");
  if (value instanceof Str) return writeJsonString(value, out, { options, author });
  if (value instanceof Markup) return writeJsonString(value.value, out, { options, author });
  const scalar = jsonScalar(value);
  if (scalar !== undefined) out.addText(scalar, author);
  else if (value instanceof PyList || value instanceof PyTuple) {
    const owner = value instanceof PyList && value.author !== TEMPLATE ? value.author : author;
    const inner = { options, level: level + 1, author: owner };
    writeJsonSeries(out, inner, {
      open: "[",
      close: "]",
      writers: value.items.map((item) => () => writeJson(item, out, inner)),
    });
  } else if (value instanceof PyDict) writeJsonDict(value, out, place);
  else throw new PythonError("TypeError", `Object of type ${typeName(value)} is not JSON serializable`);
}

function jsonScalar(value: Value): string | undefined {
  if (value === null) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number" || typeof value === "bigint") return integerText(value);
  if (!(value instanceof PyFloat)) return undefined;
  if (Number.isNaN(value.value)) return "NaN";
  if (!Number.isFinite(value.value)) return value.value > 0 ? "Infinity" : "-Infinity";
  return floatText(value.value);
}

function writeJsonDict(dict: PyDict, out: StrBuilder, place: JsonPlace): void {
  const { options } = place;
  const owner = dict.author !== TEMPLATE ? dict.author : place.author;
  const inner = { options, level: place.level + 1, author: owner };
  const sorted = options.sortKeys ? dict.entries().sort((a, b) => keyOrder(a.key, b.key)) : dict.entries();
  const entries = sorted.map(({ key, value }) => ({ key: jsonKey(key), value }));
  const writers = entries.map(({ key, value }) => () => {
    writeJsonString(key, out, { options, author: owner });
    out.addText(options.keySeparator, owner);
    writeJson(value, out, inner);
  });
  writeJsonSeries(out, inner, { open: "{", close: "}", writers });
}

/** Order of keys before they become text: Python compares texts with texts and numbers with numbers. */
function keyOrder(a: Value, b: Value): number {
  if (a instanceof Str && b instanceof Str) return compareText(a.text, b.text);
  const [x, y] = [a, b].map((key) =>
    key instanceof PyFloat ? key.value : typeof key === "boolean" ? Number(key) : key,
  );
  const isNumber = (key: Value | undefined): key is number | bigint =>
    typeof key === "number" || typeof key === "bigint";
  if (isNumber(x) && isNumber(y)) return x < y ? -1 : x > y ? 1 : 0;
  throw new PythonError("TypeError", `'<' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

/** Keys that are no strings are written as strings, as `json.dumps` does. */
function jsonKey(key: Value): Str {
  if (key instanceof Str) return key;
  const scalar = jsonScalar(key);
  if (scalar === undefined) {
    throw new PythonError("TypeError", `keys must be str, int, float, bool or None, not ${typeName(key)}`);
  }
  return new Str(scalar);
}

function writeJsonSeries(
  out: StrBuilder,
  inner: JsonPlace,
  parts: { open: string; close: string; writers: readonly (() => void)[] },
): void {
  const { options, author, level } = inner;
  const newline = (depth: number): string => {
    if (options.indent === undefined) return "";
    fitsText(options.indent.length * depth);
    return `\n${options.indent.repeat(depth)}`;
  };
  out.addText(parts.open, author);
  parts.writers.forEach((write, i) => {
    if (i > 0) out.addText(options.itemSeparator, author);
    out.addText(newline(level), author);
    write();
  });
  if (parts.writers.length > 0) out.addText(newline(level - 1), author);
  out.addText(parts.close, author);
}

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\f": "\\f",
  "\b": "\\b",
};
// eslint-disable-next-line no-control-regex -- control characters are what JSON escapes
const NEEDS_ESCAPE = /["\\\u0000-\u001f]/;

/** Quotes belong to the container's owner, or to the author of the text. */
function writeJsonString(value: Str, out: StrBuilder, place: { options: JsonOptions; author: Author }): void {
  const { ensureAscii } = place.options;
  const outer = place.author !== TEMPLATE ? place.author : TEMPLATE;
  const quoteAuthor = outer !== TEMPLATE ? outer : singleAuthor(value);
  out.addText('"', quoteAuthor);
  if (!ensureAscii && !NEEDS_ESCAPE.test(value.text)) out.add(value);
  else {
    for (let i = 0; i < value.text.length; i++) {
      out.addText(escapeForJson(value.text[i] ?? "", ensureAscii), value.authorAt(i));
    }
  }
  out.addText('"', quoteAuthor);
}

const singleAuthor = (value: Str): Author => (value.runs?.length === 2 ? (value.runs[1] ?? TEMPLATE) : TEMPLATE);

function escapeForJson(unit: string, ensureAscii: boolean): string {
  const simple = JSON_ESCAPES[unit];
  if (simple !== undefined) return simple;
  const code = unit.charCodeAt(0);
  if (code < 0x20 || (ensureAscii && code > 0x7e)) return `\\u${code.toString(16).padStart(4, "0")}`;
  return unit;
}

/** Order of two texts by code points, as Python compares strings. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return surrogatesLast(x) - surrogatesLast(y);
  }
  return a.length - b.length;
}

/** UTF-16 puts surrogates below U+E000; code points put what they stand for above everything. */
const surrogatesLast = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x2800 : unit);
