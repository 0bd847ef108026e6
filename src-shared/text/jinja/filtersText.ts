import { concatenate, Str, StrBuilder } from "./authored.ts";
import { bind, given } from "./binding.ts";
import { fitsText, spendText } from "./limits.ts";
import { madeFrom } from "./losses.ts";
import { formatPercent } from "./formatPercent.ts";
import { toJson, toStr, type JsonOptions } from "./printing.ts";
import type { Filter } from "./runtime.ts";
import { PYTHON_SPACE } from "./lexer.ts";
import { capitalize, centre } from "./stringMethods.ts";
import { joinStr, replaceStr, splitLines, splitStr, stripStr } from "./strings.ts";
import { lengthOf, truthy } from "./operators.ts";
import {
  asIndex,
  asText,
  Markup,
  PyDict,
  PyList,
  PythonError,
  PyTuple,
  Undefined,
  UnsupportedError,
  type Value,
} from "./values.ts";

/** Filters that give text. Those that cut, join or put in keep who wrote each character. */

function rewritten(input: Value, operation: string, rewrite: (text: string) => string): Str {
  const value = toStr(input);
  spendText(value.text.length * 8);
  const text = rewrite(value.text);
  return text === value.text ? value : madeFrom(value, text, operation);
}

const WORD_BEGINNING = new RegExp(`([-${PYTHON_SPACE}({[<]+)`, "u");

/** The filter `title` has its own idea of words, and takes upper case instead of title case. */
function titleWords(text: string): string {
  return text
    .split(WORD_BEGINNING)
    .map(([first = "", ...rest]) => first.toUpperCase() + rest.join("").toLowerCase())
    .join("");
}

const trim: Filter = (input, args) => {
  const [chars] = bind("trim", args, ["chars"]);
  const set = chars === undefined || chars === null ? undefined : asText(chars, "strip arg").text;
  return stripStr(toStr(input), set, { left: true, right: true });
};

const replace: Filter = (input, args) => {
  const [old, replacement, count] = bind("replace", args, ["old", "new", "count"], 2);
  const limit = count === undefined || count === null ? -1 : asIndex(count);
  return replaceStr(toStr(input), toStr(given(old)), {
    replacement: toStr(given(replacement)),
    limit: limit < 0 ? Infinity : limit,
  });
};

/** The first line and blank lines stay unless asked for; built from pieces, so that authors survive. */
const indent: Filter = (input, args) => {
  const [width, first, blank] = bind("indent", args, ["width", "first", "blank"]);
  const indention = width instanceof Str ? width : new Str(spaces(width === undefined ? 4 : asIndex(width)));
  const value = asText(input, "the input of indent");
  const lines = splitLines(concatenate(value, new Str("\n")), false);
  const isTrue = (flag: Value | undefined): boolean => flag !== undefined && truthy(flag);
  const indented = lines.map((line, i) => {
    if (i === 0) return line;
    return isTrue(blank) || line.text !== "" ? concatenate(indention, line) : line;
  });
  const result = joinStr(new Str("\n"), indented);
  return isTrue(first) ? concatenate(indention, result) : result;
};

/** Cuts at a word unless told otherwise; a text that is too long by no more than the leeway stays. */
const truncate: Filter = (input, args) => {
  const [length, killWords, end, leeway] = bind("truncate", args, ["length", "killwords", "end", "leeway"]);
  const size = length === undefined ? 255 : asIndex(length);
  const ending = end === undefined ? new Str("...") : asText(end, "end");
  const slack = leeway === undefined || leeway === null ? 5 : asIndex(leeway);
  if (size < ending.codePointLength)
    throw new PythonError("AssertionError", `expected length >= ${ending.codePointLength}, got ${size}`);
  if (lengthOf(input) <= size + slack) return input;
  const value = asText(input, "the input of truncate");
  const cut = value.slice(0, value.unitOffset(size - ending.codePointLength));
  if (killWords !== undefined && truthy(killWords)) return concatenate(cut, ending);
  return concatenate(splitStr(cut, " ", { limit: 1, fromRight: true })[0] ?? cut, ending);
};

/** Hugging Face's own: `ensure_ascii=False`, no HTML escapes, Python's separators. */
const tojson: Filter = (input, args) => {
  const names = ["ensure_ascii", "indent", "separators", "sort_keys"];
  const [ascii, indentation, separators, sortKeys] = bind("tojson", args, names);
  const indentText = jsonIndent(indentation);
  const [item, key] = jsonSeparators(separators, indentText !== undefined);
  const options: JsonOptions = {
    ensureAscii: ascii !== undefined && truthy(ascii),
    indent: indentText,
    itemSeparator: item,
    keySeparator: key,
    sortKeys: sortKeys !== undefined && truthy(sortKeys),
  };
  return toJson(input, options);
};

function jsonIndent(value: Value | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  return value instanceof Str ? value.text : spaces(asIndex(value, "indent"));
}

function spaces(count: number): string {
  fitsText(count);
  return " ".repeat(Math.max(0, count));
}

function jsonSeparators(value: Value | undefined, isIndented: boolean): [string, string] {
  if (value === undefined || value === null) return [isIndented ? "," : ", ", ": "];
  const items = value instanceof PyTuple || value instanceof PyList ? value.items : [];
  if (items.length !== 2) throw new PythonError("ValueError", "separators must be a pair (item, key)");
  return [asText(items[0] ?? null, "separator").text, asText(items[1] ?? null, "separator").text];
}

const format: Filter = (input, args) => {
  if (args.named.size > 0 && args.positional.length > 0) {
    throw new PythonError("FilterArgumentError", "can't handle positional and keyword arguments at the same time");
  }
  const named = [...args.named].map(([key, value]) => [new Str(key), value] as const);
  return formatPercent(toStr(input), args.named.size > 0 ? new PyDict(named) : new PyTuple(args.positional));
};

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&#34;",
};

const escape: Filter = (input) => {
  if (input instanceof Markup) return input;
  const out = new StrBuilder();
  for (const char of toStr(input).characters()) out.addText(HTML_ESCAPES[char.text] ?? char.text, char.authorAt(0));
  return new Markup(out.build());
};

const urlEncode: Filter = (input) => {
  if (!(input instanceof Str)) throw new UnsupportedError("urlencode of something other than a string");
  const encoded = encodeURIComponent(input.text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%2F", "/");
  return encoded === input.text ? input : madeFrom(input, encoded, "urlencode");
};

/** Filters of jinja2 3.1 that give text, by name; `tojson` is Hugging Face's, without HTML escapes. */
export const TEXT_FILTERS: Readonly<Record<string, Filter>> = {
  capitalize: (input) => rewritten(input, "capitalize", capitalize),
  center: (input, args) => {
    const [width] = bind("center", args, ["width"]);
    return centre(toStr(input), width === undefined ? 80 : asIndex(width), " ");
  },
  e: escape,
  escape,
  format,
  indent,
  lower: (input) => rewritten(input, "lower", (text) => text.toLowerCase()),
  replace,
  safe: (input) => new Markup(toStr(input)),
  string: (input) => (input instanceof Markup ? input : toStr(input)),
  title: (input) => rewritten(input, "title", titleWords),
  tojson,
  trim,
  truncate,
  upper: (input) => rewritten(input, "upper", (text) => text.toUpperCase()),
  urlencode: urlEncode,
  wordcount: (input) => toStr(input).text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0,
  /** `default` also lives here: it is what templates use most on text. */
  default: defaultFilter,
  d: defaultFilter,
};

function defaultFilter(input: Value, args: Parameters<Filter>[1]): Value {
  const [fallback, boolean] = bind("default", args, ["default_value", "boolean"]);
  const replaces = input instanceof Undefined || (boolean !== undefined && truthy(boolean) && !truthy(input));
  return replaces ? (fallback === undefined ? new Str("") : fallback) : input;
}
