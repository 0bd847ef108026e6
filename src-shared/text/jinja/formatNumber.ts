import type { Str } from "./authored.ts";
import { StrBuilder } from "./authored.ts";

/** Digits of a non-negative float under a Python presentation type (e, f, g, %), exact decimal rounding. */
export function formatFloat(value: number, type: string, precision: number): string {
  if (!Number.isFinite(value)) {
    const word = Number.isNaN(value) ? "nan" : "inf";
    return type === type.toUpperCase() && type !== "%" ? word.toUpperCase() : word;
  }
  const text = lowerFloat(value, type.toLowerCase(), precision);
  return type === "E" || type === "G" ? text.toUpperCase() : text;
}

function lowerFloat(value: number, type: string, precision: number): string {
  if (type === "%") return `${exactFixed(value * 100, precision)}%`;
  if (type === "f") return exactFixed(value, precision);
  if (type === "e") return pythonExponent(value.toExponential(Math.min(precision, 100)));
  return general(value, precision === 0 ? 1 : precision);
}

/** Correctly rounded, halves to even as in Python (`toFixed` takes halves up and turns to exponents above 1e21). */
export function exactFixed(value: number, precision: number): string {
  if (value < 1e21) {
    const digits = Math.min(precision, 100);
    const below = Math.floor(value * 10 ** digits);
    return below % 2 === 0 && isExactHalf(value, digits)
      ? (below / 10 ** digits).toFixed(digits)
      : value.toFixed(digits);
  }
  return BigInt(value).toString() + (precision > 0 ? `.${"0".repeat(precision)}` : "");
}

/** Whether the double lies exactly between two decimals: an odd number of halves that the powers of five divide. */
function isExactHalf(value: number, digits: number): boolean {
  const halves = value * 10 ** digits * 2;
  return digits < 16 && Number.isSafeInteger(halves) && halves % 2 === 1 && halves % 5 ** digits === 0;
}

const pythonExponent = (text: string): string => text.replace(/e([+-])(\d)$/, "e$10$2");

function general(value: number, precision: number): string {
  const exponent = Number(value.toExponential(Math.min(precision - 1, 100)).split("e")[1] ?? "0");
  if (exponent < -4 || exponent >= precision) {
    return pythonExponent(value.toExponential(Math.min(precision - 1, 100)).replace(/\.?0*e/, "e"));
  }
  const fixed = value.toFixed(Math.max(0, Math.min(100, precision - 1 - exponent)));
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
}

/** Separators between groups of three digits of the whole part; digits come back unchanged without a separator. */
export function groupDigits(text: string, separator: string): string {
  if (separator === "") return text;
  const [whole = "", ...rest] = text.split(/(?=[.e%])/);
  return whole.replace(/\B(?=(\d{3})+$)/g, separator) + rest.join("");
}

/** Pads to a width in code points. */
export function padStr(value: Str, options: { width: number; align: string; fill: string }): Str {
  const missing = options.width - value.codePointLength;
  if (missing <= 0) return value;
  const left = options.align === ">" ? missing : options.align === "^" ? Math.floor(missing / 2) : 0;
  const out = new StrBuilder();
  out.addText(options.fill.repeat(left)).add(value);
  return out.addText(options.fill.repeat(missing - left)).build();
}
