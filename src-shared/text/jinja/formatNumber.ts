import type { Str } from "./authored.ts";
import { StrBuilder } from "./authored.ts";
import { fitsText, limitError } from "./limits.ts";

/** A non-negative double as digits / 10^scale, exactly: every double is a finite decimal. */
interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

function exactDecimal(value: number): Decimal {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const high = bits.getUint32(0);
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(bits.getUint32(4));
  const biased = (high >>> 20) & 0x7ff;
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const exponent = Math.max(biased, 1) - 1075;
  if (exponent >= 0) return { digits: mantissa << BigInt(exponent), scale: 0 };
  // m / 2^k is m · 5^k / 10^k.
  return { digits: mantissa * 5n ** BigInt(-exponent), scale: -exponent };
}

/** Division by 10^places, halves to the even neighbour. */
function dropDigits(digits: bigint, places: number): bigint {
  if (places <= 0) return digits * 10n ** BigInt(-places);
  const divisor = 10n ** BigInt(places);
  const quotient = digits / divisor;
  const twice = (digits % divisor) * 2n;
  return twice > divisor || (twice === divisor && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

const MAX_PRECISION = 10_000;

/**
 * Digits of a non-negative float under a Python presentation type (e, f, g, %), correctly rounded.
 * @throws SiftError `template-limit` beyond 10,000 digits
 */
export function formatFloat(value: number, type: string, precision: number): string {
  if (precision > MAX_PRECISION) throw limitError(`it asks for more than ${MAX_PRECISION} digits of a number`);
  const text = lowerFloat(value, type.toLowerCase(), precision);
  return type === "E" || type === "G" || type === "F" ? text.toUpperCase() : text;
}

function lowerFloat(value: number, type: string, precision: number): string {
  if (type === "%") return `${lowerFloat(value * 100, "f", precision)}%`;
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return "inf";
  if (type === "f") return exactFixed(value, precision);
  if (type === "e") return exponentText(significant(value, precision + 1));
  return general(value, precision === 0 ? 1 : precision);
}

/** A non-negative number with `precision` digits behind the point, as Python's `%.nf`. */
export function exactFixed(value: number, precision: number): string {
  const { digits, scale } = exactDecimal(value);
  const text = dropDigits(digits, scale - precision)
    .toString()
    .padStart(precision + 1, "0");
  return precision === 0 ? text : `${text.slice(0, -precision)}.${text.slice(-precision)}`;
}

/** Python's `round` of a float to digits behind the point, or before it where they are negative. */
export function roundFloat(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value;
  const magnitude = roundMagnitude(Math.abs(value), digits);
  return value < 0 || Object.is(value, -0) ? -magnitude : magnitude;
}

function roundMagnitude(value: number, digits: number): number {
  // No double has more than 1,074 digits behind the point, or 309 before it.
  if (digits >= 0) return Number(exactFixed(value, Math.min(digits, 1074)));
  const places = Math.min(-digits, 400);
  const { digits: all, scale } = exactDecimal(value);
  return Number(dropDigits(all, scale + places) * 10n ** BigInt(places));
}

/** Python's `round` of an int: only digits before the point change it. */
export function roundInteger(value: bigint, digits: number): bigint {
  if (digits >= 0) return value;
  const magnitude = value < 0n ? -value : value;
  if (-digits > magnitude.toString().length) return 0n;
  const rounded = dropDigits(magnitude, -digits) * 10n ** BigInt(-digits);
  return value < 0n ? -rounded : rounded;
}

/** The first `count` digits, rounded, and the power of ten of the first one. */
function significant(value: number, count: number): { digits: string; exponent: number } {
  const { digits, scale } = exactDecimal(value);
  if (digits === 0n) return { digits: "0".repeat(count), exponent: 0 };
  const length = digits.toString().length;
  const rounded = dropDigits(digits, length - count).toString();
  // 9.99 may round up to one digit more.
  const carried = rounded.length > count ? 1 : 0;
  return { digits: rounded.slice(0, count), exponent: length - 1 - scale + carried };
}

function exponentText({ digits, exponent }: { digits: string; exponent: number }): string {
  const mantissa = digits.length > 1 ? `${digits.slice(0, 1)}.${digits.slice(1)}` : digits;
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${Math.abs(exponent).toString().padStart(2, "0")}`;
}

/** `%g`: whichever of the two forms is shorter, without trailing zeros. */
function general(value: number, precision: number): string {
  const { digits, exponent } = significant(value, precision);
  const trimmed = digits.replace(/0+$/, "") || "0";
  if (exponent < -4 || exponent >= precision) return exponentText({ digits: trimmed, exponent });
  if (exponent < 0) return value === 0 ? "0" : `0.${"0".repeat(-exponent - 1)}${trimmed}`;
  const whole = trimmed.padEnd(exponent + 1, "0");
  return whole.length > exponent + 1 ? `${whole.slice(0, exponent + 1)}.${whole.slice(exponent + 1)}` : whole;
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
  fitsText(options.width);
  const left = options.align === ">" ? missing : options.align === "^" ? Math.floor(missing / 2) : 0;
  const out = new StrBuilder();
  out.addText(options.fill.repeat(left)).add(value);
  return out.addText(options.fill.repeat(missing - left)).build();
}
