import { Str, StrBuilder } from "./authored.ts";
import { fitsText } from "./limits.ts";
import { formatFloat, groupDigits, padStr } from "./formatNumber.ts";
import { floatText, toRepr, toStr } from "./printing.ts";
import { isNumeric, PyFloat, PythonError, typeName, UnsupportedError, type Arguments, type Value } from "./values.ts";

/** How a field such as `{0.name[key]}` reaches into a value. */
export interface FieldAccess {
  readonly getAttribute: (value: Value, name: string) => Value;
  readonly getItem: (value: Value, index: Value) => Value;
}

/** Python's `text.format(…)`. Text put in keeps who wrote it. @throws PythonError as Python, UnsupportedError by name */
export function formatBraces(format: Str, args: Arguments, access: FieldAccess): Str {
  const out = new StrBuilder();
  const { text } = format;
  let automatic = 0;
  let at = 0;
  while (at < text.length) {
    const next = text.slice(at).search(/[{}]/);
    if (next < 0) break;
    const brace = at + next;
    out.add(format.slice(at, brace));
    if (text[brace + 1] === text[brace]) {
      out.add(format.slice(brace, brace + 1));
      at = brace + 2;
      continue;
    }
    if (text[brace] === "}") throw new PythonError("ValueError", "Single '}' encountered in format string");
    const end = text.indexOf("}", brace);
    if (end < 0) throw new PythonError("ValueError", "expected '}' before end of string");
    const field = text.slice(brace + 1, end);
    if (field.includes("{")) throw new UnsupportedError("nested fields in format()");
    const { head, conversion, spec } = splitField(field);
    const name = /^[^.[]*/.exec(head)?.[0] ?? "";
    const value = lookUp(head, name === "" ? String(automatic++) : name, {
      args,
      access,
      rest: head.slice(name.length),
    });
    out.add(formatValue(conversion === "r" ? toRepr(value) : conversion === "s" ? toStr(value) : value, spec));
    at = end + 1;
  }
  return out.add(format.slice(at)).build();
}

/** `name!conversion:spec` */
function splitField(field: string): { head: string; conversion: string | undefined; spec: string } {
  const match = /^([^!:]*)(?:!(.))?(?::(.*))?$/su.exec(field);
  if (!match) throw new PythonError("ValueError", "expected ':' after conversion specifier");
  return { head: match[1] ?? "", conversion: match[2], spec: match[3] ?? "" };
}

/** The value of a field: an argument, then attributes and items of it. */
function lookUp(head: string, name: string, source: { args: Arguments; access: FieldAccess; rest: string }): Value {
  const found = /^\d+$/.test(name) ? source.args.positional[Number(name)] : source.args.named.get(name);
  if (found === undefined) {
    throw /^\d+$/.test(name)
      ? new PythonError("IndexError", `Replacement index ${name} out of range for positional args tuple`)
      : new PythonError("KeyError", `'${name}'`);
  }
  let value: Value = found;
  for (const [part, attribute, item] of source.rest.matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
    if (part === "") throw new PythonError("ValueError", `invalid field '${head}'`);
    if (attribute !== undefined) value = source.access.getAttribute(value, attribute);
    else value = source.access.getItem(value, /^\d+$/.test(item ?? "") ? Number(item) : new Str(item ?? ""));
  }
  return value;
}

const SPEC =
  /^(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<alternate>#)?(?<zero>0)?(?<width>\d+)?(?<group>[,_])?(?:\.(?<precision>\d+))?(?<type>[a-zA-Z%])?$/su;

/** Python's `format(value, spec)`. */
function formatValue(value: Value, spec: string): Str {
  if (spec === "") return toStr(value);
  const groups = SPEC.exec(spec)?.groups;
  if (!groups) throw new PythonError("ValueError", `Invalid format specifier '${spec}'`);
  if (groups["alternate"] !== undefined) throw new UnsupportedError("'#' in a format specifier");
  const width = Number(groups["width"] ?? 0);
  fitsText(width);
  const { fill, align, precision, type } = groups;
  if (value instanceof Str) {
    const isNumberSpec = groups["sign"] !== undefined || groups["group"] !== undefined || align === "=";
    if ((type !== undefined && type !== "s") || isNumberSpec)
      throw new PythonError("ValueError", `Invalid format specifier '${spec}' for object of type 'str'`);
    const cut =
      precision === undefined
        ? value
        : value.slice(0, value.unitOffset(Math.min(Number(precision), value.codePointLength)));
    return padStr(cut, { width, align: align ?? "<", fill: fill ?? (groups["zero"] ? "0" : " ") });
  }
  if (!isNumeric(value))
    throw new PythonError("TypeError", `unsupported format string passed to ${typeName(value)}.__format__`);
  if (typeof value === "boolean" && type === undefined) throw new UnsupportedError("a format specifier for a boolean");
  const { negative, digits } = formatNumber(value, groups);
  const sign = negative ? "-" : groups["sign"] === "+" || groups["sign"] === " " ? groups["sign"] : "";
  const padding = align ?? (groups["zero"] ? "=" : ">");
  const filler = fill ?? (groups["zero"] ? "0" : " ");
  if (padding === "=") return new Str(sign + digits.padStart(width - sign.length, filler));
  return padStr(new Str(sign + digits), { width, align: padding, fill: filler });
}

function formatNumber(
  value: number | bigint | boolean | PyFloat,
  groups: Readonly<Record<string, string | undefined>>,
): { negative: boolean; digits: string } {
  const { type, precision } = groups;
  const separator = groups["group"] ?? "";
  if (value instanceof PyFloat || (type !== undefined && /[eEfFgG%]/.test(type))) {
    const number = value instanceof PyFloat ? value.value : Number(value);
    const magnitude = Math.abs(number);
    if (type === undefined && precision !== undefined)
      throw new UnsupportedError("a precision without a type in a format specifier");
    if (type !== undefined && !/[eEfFgGn%]/.test(type))
      throw new PythonError("ValueError", `Unknown format code '${type}' for object of type 'float'`);
    const digits = type === undefined ? floatText(magnitude) : formatFloat(magnitude, type, Number(precision ?? 6));
    return { negative: number < 0 || Object.is(number, -0), digits: groupDigits(digits, separator) };
  }
  const radix = { d: 10, n: 10, x: 16, X: 16, o: 8, b: 2 }[type ?? "d"];
  if (radix === undefined || precision !== undefined)
    throw new PythonError("ValueError", `Unknown format code '${type}' for object of type 'int'`);
  const whole = BigInt(value);
  const digits = (whole < 0n ? -whole : whole).toString(radix);
  return { negative: whole < 0n, digits: groupDigits(type === "X" ? digits.toUpperCase() : digits, separator) };
}
