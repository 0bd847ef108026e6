import { Str, StrBuilder } from "./authored.ts";
import { fitsText } from "./limits.ts";
import { formatFloat, groupDigits, padStr } from "./formatNumber.ts";
import { toRepr, toStr } from "./printing.ts";
import {
  isNumeric,
  PyDict,
  PyFloat,
  PyList,
  PyRange,
  PythonError,
  PyTuple,
  typeName,
  Undefined,
  UnsupportedError,
  type Value,
} from "./values.ts";

const CONVERSION =
  /%(?:\((?<key>[^)]*)\))?(?<flags>[-+ 0#]*)(?<width>\*|\d+)?(?:\.(?<precision>\*|\d+)?)?[hlL]?(?<type>.)?/gsu;

/** Python's `text % values`. Text put in with %s keeps who wrote it. @throws PythonError as Python, UnsupportedError by name */
export function formatPercent(format: Str, values: Value): Str {
  const out = new StrBuilder();
  const args = new PercentArguments(values);
  let at = 0;
  for (const match of format.text.matchAll(CONVERSION)) {
    out.add(format.slice(at, match.index));
    at = match.index + match[0].length;
    const { key, flags = "", width, type } = match.groups ?? {};
    if (type === undefined) throw new PythonError("ValueError", "incomplete format");
    if (type === "%") {
      out.addText("%");
      continue;
    }
    if (width === "*" || match.groups?.["precision"] === "*") throw new UnsupportedError("a '*' width in a '%' format");
    const hasPrecision = match[0].includes(".");
    const precision = hasPrecision ? Number(match.groups?.["precision"] ?? 0) : undefined;
    const value = key === undefined ? args.next() : args.named(key);
    out.add(convert(value, { type, flags, width: Number(width ?? 0), precision }));
  }
  out.add(format.slice(at));
  args.finish();
  return out.build();
}

/** The right side of `%`: one value, a tuple by position, or a dict by name. */
class PercentArguments {
  private readonly values: Value;
  private used = 0;
  private usedNames = false;

  constructor(values: Value) {
    this.values = values;
  }

  next(): Value {
    const items = this.values instanceof PyTuple ? this.values.items : [this.values];
    const value = items[this.used++];
    if (value === undefined) throw new PythonError("TypeError", "not enough arguments for format string");
    return value;
  }

  named(key: string): Value {
    this.usedNames = true;
    if (!(this.values instanceof PyDict)) throw new PythonError("TypeError", "format requires a mapping");
    const value = this.values.getText(key);
    if (value === undefined) throw new PythonError("KeyError", `'${key}'`);
    return value;
  }

  /** Python refuses values that the format did not use. */
  finish(): void {
    // Python takes whatever has items, and is no tuple or text, for a mapping.
    const isMapping = [PyDict, PyList, PyRange, Undefined].some((type) => this.values instanceof type);
    if (this.usedNames || isMapping) return;
    const count = this.values instanceof PyTuple ? this.values.items.length : 1;
    if (this.used < count) throw new PythonError("TypeError", "not all arguments converted during string formatting");
  }
}

interface Conversion {
  readonly type: string;
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
}

/** One `%…` with its value. */
function convert(value: Value, conversion: Conversion): Str {
  const { type, flags, width, precision } = conversion;
  const align = flags.includes("-") ? "<" : ">";
  fitsText(Math.max(width, precision ?? 0));
  if (type === "s" || type === "r") {
    const text = type === "s" ? toStr(value) : toRepr(value);
    const cut =
      precision === undefined ? text : text.slice(0, text.unitOffset(Math.min(precision, text.codePointLength)));
    return padStr(cut, { width, align, fill: " " });
  }
  if (type === "c") throw new UnsupportedError("'%c' in a format");
  if (!isNumeric(value)) {
    throw new PythonError("TypeError", `%${type} format: a real number is required, not ${typeName(value)}`);
  }
  const digits = numberDigits(value, conversion);
  const sign = digits.negative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const fillZeros = flags.includes("0") && align === ">";
  const body = fillZeros ? digits.text.padStart(width - sign.length, "0") : digits.text;
  return padStr(new Str(sign + groupDigits(body, "")), { width, align, fill: " " });
}

function numberDigits(
  value: number | bigint | boolean | PyFloat,
  conversion: Conversion,
): { negative: boolean; text: string } {
  const { type, precision, flags } = conversion;
  if (flags.includes("#")) throw new UnsupportedError("'#' in a '%' format");
  if (/[eEfFgG]/.test(type)) {
    const number = value instanceof PyFloat ? value.value : Number(value);
    return { negative: number < 0 || Object.is(number, -0), text: formatFloat(Math.abs(number), type, precision ?? 6) };
  }
  const radix = { d: 10, i: 10, u: 10, x: 16, X: 16, o: 8 }[type];
  if (radix === undefined) throw new PythonError("ValueError", `unsupported format character '${type}'`);
  if (value instanceof PyFloat && radix !== 10) {
    throw new PythonError("TypeError", `%${type} format: an integer is required, not float`);
  }
  const whole = value instanceof PyFloat ? BigInt(Math.trunc(value.value)) : BigInt(value);
  const text = (whole < 0n ? -whole : whole).toString(radix).padStart(precision ?? 0, "0");
  return { negative: whole < 0n, text: type === "X" ? text.toUpperCase() : text };
}
