import { Str } from "./authored.ts";
import { bind } from "./binding.ts";
import { roundFloat, roundInteger } from "./formatNumber.ts";
import { binary, integer, toNumber } from "./operators.ts";
import type { Filter } from "./runtime.ts";
import { stripStr } from "./strings.ts";
import { asIndex, asText, isNumeric, PyFloat, PythonError, typeName, Undefined, UnsupportedError } from "./values.ts";

/** Filters that give numbers. */

/** Halves go to the even neighbour; the result is a float unless a whole number came in. */
const round: Filter = (input, args) => {
  const [precision, method] = bind("round", args, ["precision", "method"]);
  if (!isNumeric(input)) throw new PythonError("TypeError", `type ${typeName(input)} doesn't define __round__ method`);
  const digits = precision === undefined ? 0 : asIndex(precision);
  const how = method === undefined ? "common" : asText(method, "method").text;
  if (how !== "common" && how !== "ceil" && how !== "floor")
    throw new PythonError("FilterArgumentError", "method must be common, ceil or floor");
  if (how === "common")
    return input instanceof PyFloat
      ? new PyFloat(roundFloat(input.value, digits))
      : integer(roundInteger(BigInt(input), digits));
  if (!(input instanceof PyFloat) && digits >= 0) return binary("/", input, 1);
  const value = toNumber(input);
  return new PyFloat(Math[how](value * 10 ** digits) / 10 ** digits);
};

/** Python strips ASCII text of C's white space only, other text of every white space. */
function stripped(text: string): string {
  const set = /^\p{ASCII}*$/u.test(text) ? "\t\n\v\f\r " : undefined;
  return stripStr(new Str(text), set, { left: true, right: true }).text;
}

/** More digits than this are no int for Python. */
const MAX_DIGITS = 4300;
const PREFIXES: Readonly<Record<number, string>> = { 2: "0b", 8: "0o", 16: "0x" };

/** Python's `int(text, base)`: surrounding space, sign, the base's prefix and `_` between digits are allowed. */
function parseInteger(text: string, base: number): number | bigint | undefined {
  const clean = stripped(text).toLowerCase();
  const sign = clean.startsWith("-") ? -1n : 1n;
  const body = clean.replace(/^[-+]/, "");
  const prefix = PREFIXES[base];
  const digits = prefix !== undefined && body.startsWith(prefix) ? body.slice(2).replace(/^_/, "") : body;
  if (!/^[0-9a-z]+(_[0-9a-z]+)*$/.test(digits)) return undefined;
  const plain = digits.replaceAll("_", "");
  if (plain.length > MAX_DIGITS) return undefined;
  if (base === 10) return /^\d+$/.test(plain) ? integer(sign * BigInt(plain)) : undefined;
  let value = 0n;
  for (const char of plain) {
    const digit = parseInt(char, 36);
    if (digit >= base) return undefined;
    value = value * BigInt(base) + BigInt(digit);
  }
  return integer(sign * value);
}

/** Python's `int(float)`: cut off, as long as the number is; undefined for infinities and NaN. */
function truncated(value: number): number | bigint | undefined {
  return Number.isFinite(value) ? integer(BigInt(Math.trunc(value))) : undefined;
}

function parseFloatText(text: string): number | undefined {
  const clean = stripped(text).replace(/(\d)_(?=\d)/g, "$1");
  if (/^[-+]?(inf|infinity)$/i.test(clean)) return clean.startsWith("-") ? -Infinity : Infinity;
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(clean) ? Number(clean) : undefined;
}

const toInt: Filter = (input, args) => {
  const [fallback, base] = bind("int", args, ["default", "base"]);
  const radix = base === undefined ? 10 : asIndex(base);
  if (radix < 2 || radix > 36) throw new UnsupportedError(`the filter 'int' with base ${radix}`);
  const failed = fallback === undefined ? 0 : fallback;
  if (input instanceof Undefined) throw new PythonError("UndefinedError", input.message);
  if (typeof input === "bigint") return input;
  if (input instanceof PyFloat && Math.abs(input.value) === Infinity)
    throw new PythonError("OverflowError", "cannot convert float infinity to integer");
  if (isNumeric(input)) return truncated(toNumber(input)) ?? failed;
  if (!(input instanceof Str)) return failed;
  const float = parseFloatText(input.text);
  return parseInteger(input.text, radix) ?? (float === undefined ? undefined : truncated(float)) ?? failed;
};

const toFloat: Filter = (input, args) => {
  const [fallback] = bind("float", args, ["default"]);
  if (input instanceof Undefined) throw new PythonError("UndefinedError", input.message);
  if (isNumeric(input)) return new PyFloat(toNumber(input));
  const value = input instanceof Str ? parseFloatText(input.text) : undefined;
  return value === undefined ? (fallback === undefined ? new PyFloat(0) : fallback) : new PyFloat(value);
};

const abs: Filter = (input) => {
  if (input instanceof PyFloat) return new PyFloat(Math.abs(input.value));
  if (typeof input === "bigint") return input < 0n ? -input : input;
  if (isNumeric(input)) return Math.abs(toNumber(input));
  throw new PythonError("TypeError", `bad operand type for abs(): '${typeName(input)}'`);
};

/** Filters of jinja2 3.1 that give numbers, by name. */
export const NUMBER_FILTERS: Readonly<Record<string, Filter>> = { abs, float: toFloat, int: toInt, round };
