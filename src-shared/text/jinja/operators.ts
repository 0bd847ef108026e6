import type { BinaryOperator, CompareOperator } from "./ast.ts";
import { concatenate, Str, StrBuilder } from "./authored.ts";
import { fitsItems, fitsText, limitError, spend, spendSearch } from "./limits.ts";
import { formatPercent } from "./formatPercent.ts";
import { compareText } from "./printing.ts";
import {
  isNumeric,
  Loop,
  Markup,
  PyDict,
  PyFloat,
  PyIterator,
  PyList,
  PyRange,
  PythonError,
  PyTuple,
  PyView,
  typeName,
  Undefined,
  UnsupportedError,
  type Value,
} from "./values.ts";

/** Python's `bool(value)`. */
export function truthy(value: Value): boolean {
  if (typeof value === "boolean") return value;
  if (value === null || value instanceof Undefined) return false;
  if (typeof value === "number" || typeof value === "bigint") return value !== 0 && value !== 0n;
  if (value instanceof PyFloat) return value.value !== 0;
  if (value instanceof Str) return value.text !== "";
  if (value instanceof Markup) return value.value.text !== "";
  if (value instanceof PyList || value instanceof PyTuple) return value.items.length > 0;
  if (value instanceof PyDict) return value.size > 0;
  if (value instanceof PyView) return value.dict.size > 0;
  if (value instanceof PyRange) return value.length > 0;
  return true;
}

/** The items a `for` loop sees. @throws PythonError TypeError */
export function iterate(value: Value): readonly Value[] {
  if (value instanceof PyList || value instanceof PyTuple) return value.items;
  if (value instanceof Str) return value.characters();
  if (value instanceof PyDict) return value.keys();
  if (value instanceof PyView) return value.items();
  if (value instanceof PyIterator) return value.takeAll();
  if (value instanceof Undefined) return [];
  if (value instanceof PyRange) return Array.from({ length: value.length }, (_, i) => value.at(i));
  if (value instanceof Markup) throw new UnsupportedError("going through the characters of a 'safe' string");
  throw new PythonError("TypeError", `'${typeName(value)}' object is not iterable`);
}

/** Whether `iter(value)` works. */
export function isIterable(value: Value): boolean {
  return !(value === null || isNumeric(value)) && ITERABLE.some((type) => value instanceof type);
}

const ITERABLE = [PyList, PyTuple, Str, PyDict, PyView, PyIterator, Undefined, PyRange, Markup] as const;

/** Python's `len(value)`; strings count code points. @throws PythonError TypeError. */
export function lengthOf(value: Value): number {
  if (value instanceof Str) return value.codePointLength;
  if (value instanceof Markup) return value.value.codePointLength;
  if (value instanceof PyList || value instanceof PyTuple) return value.items.length;
  if (value instanceof PyDict) return value.size;
  if (value instanceof PyView) return value.dict.size;
  if (value instanceof PyRange) return value.length;
  if (value instanceof Undefined) return 0;
  throw new PythonError("TypeError", `object of type '${typeName(value)}' has no len()`);
}

/** A number as float, for operations that leave the integers. @throws PythonError OverflowError. */
export function toNumber(value: number | bigint | boolean | PyFloat): number {
  if (value instanceof PyFloat) return value.value;
  const float = Number(value);
  if (!Number.isFinite(float)) throw new PythonError("OverflowError", "int too large to convert to float");
  return float;
}

/** The number itself; JavaScript compares bigints and doubles exactly. */
const plainNumber = (value: number | bigint | boolean | PyFloat): number | bigint =>
  value instanceof PyFloat ? value.value : typeof value === "boolean" ? Number(value) : value;

/** Integers back from bigint where they fit. */
export function integer(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** Python's `==`: numbers by value whatever their type, containers item by item. */
export function equals(a: Value, b: Value): boolean {
  spend(1);
  if (a === b) return true;
  if (isNumeric(a) && isNumeric(b)) return numbersEqual(a, b);
  if (a instanceof Markup) return b instanceof Markup ? equals(a.value, b.value) : equals(a.value, b);
  if (b instanceof Markup) return equals(a, b.value);
  if (a instanceof Str) return b instanceof Str && a.text === b.text;
  if (a instanceof Undefined) return b instanceof Undefined;
  if (a instanceof PyList) return b instanceof PyList && itemsEqual(a.items, b.items);
  if (a instanceof PyTuple) return b instanceof PyTuple && itemsEqual(a.items, b.items);
  if (a instanceof PyRange) return b instanceof PyRange && itemsEqual(iterate(a), iterate(b));
  if (a instanceof PyDict && b instanceof PyDict) {
    return a.size === b.size && a.entries().every(({ key, value }) => b.has(key) && equals(value, b.get(key) ?? null));
  }
  return false;
}

function numbersEqual(a: number | bigint | boolean | PyFloat, b: number | bigint | boolean | PyFloat): boolean {
  const [x, y] = [plainNumber(a), plainNumber(b)];
  return x <= y && x >= y;
}

function itemsEqual(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, i) => equals(item, b[i] ?? null));
}

/** Negative, zero or positive; NaN where a NaN is compared. @throws PythonError TypeError where Python cannot compare */
export function order(a: Value, b: Value, operator: string): number {
  if (isNumeric(a) && isNumeric(b)) {
    const [x, y] = [plainNumber(a), plainNumber(b)];
    return x < y ? -1 : x > y ? 1 : x >= y ? 0 : NaN;
  }
  if (a instanceof Str && b instanceof Str) return compareText(a.text, b.text);
  const bothLists = (a instanceof PyList && b instanceof PyList) || (a instanceof PyTuple && b instanceof PyTuple);
  if (bothLists) return orderItems(a.items, b.items, operator);
  raiseUndefined(a, b);
  throw new PythonError(
    "TypeError",
    `'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
  );
}

function orderItems(a: readonly Value[], b: readonly Value[], operator: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const x = a[i] ?? null;
    const y = b[i] ?? null;
    if (!equals(x, y)) return order(x, y, operator);
  }
  return a.length - b.length;
}

/** Arithmetic with something undefined is an error that names it. */
function raiseUndefined(...values: readonly Value[]): void {
  for (const value of values) if (value instanceof Undefined) throw new PythonError("UndefinedError", value.message);
}

/** Python's `item in container`. @throws PythonError TypeError for what holds nothing. */
export function contains(container: Value, item: Value): boolean {
  if (container instanceof Loop) throw new UnsupportedError("'in loop'");
  if (container instanceof Markup) return contains(container.value, item);
  if (item instanceof Markup) return contains(container, item.value);
  if (container instanceof Str) {
    if (item instanceof Str) {
      spendSearch(container.text, item.text);
      return container.text.includes(item.text);
    }
    raiseUndefined(item);
    throw new PythonError("TypeError", `'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof PyDict) return container.has(item);
  if (container instanceof PyView && container.kind === "keys") return container.dict.has(item);
  if (container === null || !isIterable(container)) {
    throw new PythonError("TypeError", `argument of type '${typeName(container)}' is not iterable`);
  }
  return iterate(container).some((candidate) => equals(candidate, item));
}

/** One comparison. @throws PythonError TypeError for types that have no order. */
export function compare(operator: CompareOperator, left: Value, right: Value): boolean {
  switch (operator) {
    case "==":
      return equals(left, right);
    case "!=":
      return !equals(left, right);
    case "in":
      return contains(right, left);
    case "not in":
      return !contains(right, left);
    case "<":
      return order(left, right, operator) < 0;
    case "<=":
      return order(left, right, operator) <= 0;
    case ">":
      return order(left, right, operator) > 0;
    case ">=":
      return order(left, right, operator) >= 0;
  }
}

/** Arithmetic and joining. @throws PythonError for types that do not go together, UnsupportedError for what would exhaust memory. */
export function binary(operator: BinaryOperator, left: Value, right: Value): Value {
  raiseUndefined(left);
  if (operator === "%" && left instanceof Str && !(right instanceof Markup)) return formatPercent(left, right);
  raiseUndefined(right);
  if (left instanceof Markup || right instanceof Markup)
    throw new UnsupportedError(`'${operator}' with a 'safe' or escaped string`);
  if (isNumeric(left) && isNumeric(right)) return arithmetic(operator, left, right);
  const joined = operator === "+" ? addSequences(left, right) : operator === "*" ? repeat(left, right) : undefined;
  if (joined !== undefined) return joined;
  if (operator === "+" && left instanceof Str) {
    throw new PythonError("TypeError", `can only concatenate str (not "${typeName(right)}") to str`);
  }
  throw new PythonError(
    "TypeError",
    `unsupported operand type(s) for ${operator === "**" ? "** or pow()" : operator}: '${typeName(left)}' and '${typeName(right)}'`,
  );
}

/** Strings, lists and tuples join with their own kind. */
function addSequences(left: Value, right: Value): Value | undefined {
  if (left instanceof Str && right instanceof Str) return concatenate(left, right);
  if (left instanceof PyList && right instanceof PyList) return new PyList([...left.items, ...right.items]);
  if (left instanceof PyTuple && right instanceof PyTuple) return new PyTuple([...left.items, ...right.items]);
  return undefined;
}

/** `sequence * times`, either way round. */
function repeat(left: Value, right: Value): Value | undefined {
  const [sequence, factor] = typeof left === "number" || typeof left === "boolean" ? [right, left] : [left, right];
  if (typeof factor !== "number" && typeof factor !== "boolean") return undefined;
  const times = Math.max(0, Number(factor));
  if (sequence instanceof Str) {
    if (sequence.text === "") return sequence;
    fitsText(sequence.text.length * times);
    if (sequence.runs === undefined) return new StrBuilder().addText(sequence.text.repeat(times)).build();
    const builder = new StrBuilder();
    for (let i = 0; i < times; i++) builder.add(sequence);
    return builder.build();
  }
  if (!(sequence instanceof PyList || sequence instanceof PyTuple)) return undefined;
  fitsItems(sequence.items.length * times);
  const { length } = sequence.items;
  const items = Array.from({ length: length * times }, (_, i) => sequence.items[i % length] ?? null);
  return sequence instanceof PyList ? new PyList(items) : new PyTuple(items);
}

type Numeric = number | bigint | boolean | PyFloat;

function arithmetic(operator: BinaryOperator, left: Numeric, right: Numeric): Value {
  if (left instanceof PyFloat || right instanceof PyFloat) {
    return floatArithmetic(operator, toNumber(left), toNumber(right));
  }
  return integerArithmetic(operator, BigInt(left), BigInt(right));
}

function floatArithmetic(operator: BinaryOperator, a: number, b: number): Value {
  if (b === 0 && (operator === "/" || operator === "//" || operator === "%")) {
    throw new PythonError("ZeroDivisionError", "division by zero");
  }
  const results: Readonly<Record<BinaryOperator, () => number>> = {
    "+": () => a + b,
    "-": () => a - b,
    "*": () => a * b,
    "/": () => a / b,
    "//": () => floatDivision(a, b).quotient,
    "%": () => floatDivision(a, b).rest,
    "**": () => floatPower(a, b),
  };
  return new PyFloat(results[operator]());
}

/** Quotient and rest as CPython's float_divmod: the rest has the divisor's sign, zeros keep the sign they should have. */
function floatDivision(a: number, b: number): { quotient: number; rest: number } {
  let rest = a % b;
  let quotient = (a - rest) / b;
  if (rest === 0) rest = b < 0 ? -0 : 0;
  else if (rest < 0 !== b < 0) {
    rest += b;
    quotient -= 1;
  }
  if (quotient === 0) return { quotient: a / b < 0 || Object.is(a / b, -0) ? -0 : 0, rest };
  const floor = Math.floor(quotient);
  return { quotient: quotient - floor > 0.5 ? floor + 1 : floor, rest };
}

function floatPower(a: number, b: number): number {
  if (a === 0 && b < 0) throw new PythonError("ZeroDivisionError", "0.0 cannot be raised to a negative power");
  if (a < 0 && !Number.isInteger(b)) throw new UnsupportedError("complex numbers");
  const power = a ** b;
  if (!Number.isFinite(power) && Number.isFinite(a) && Number.isFinite(b))
    throw new PythonError("OverflowError", "Numerical result out of range");
  return power;
}

function integerArithmetic(operator: BinaryOperator, a: bigint, b: bigint): Value {
  if (b === 0n && (operator === "/" || operator === "//" || operator === "%")) {
    throw new PythonError("ZeroDivisionError", operator === "%" ? "integer modulo by zero" : "division by zero");
  }
  switch (operator) {
    case "+":
      return integer(a + b);
    case "-":
      return integer(a - b);
    case "*":
      fitsInteger(bitLength(a) + bitLength(b));
      return integer(a * b);
    case "//":
      return integer((a - integerModulo(a, b)) / b);
    case "%":
      return integer(integerModulo(a, b));
    case "**":
      return integerPower(a, b);
    case "/":
      return new PyFloat(trueDivision(a, b));
  }
}

/** Python's `int / int`: rounded once, however long the integers are. */
function trueDivision(a: bigint, b: bigint): number {
  if (bitLength(a) <= 53 && bitLength(b) <= 53) return Number(a) / Number(b);
  // A quotient of 66 bits or more whose last bit says whether anything was left rounds as the exact one does.
  const shift = Math.max(0, bitLength(b) - bitLength(a) + 128);
  const scaled = a << BigInt(shift);
  const quotient = scaled / b;
  const sticky = scaled % b === 0n ? 0n : a < 0n !== b < 0n ? -1n : 1n;
  const half = shift >> 1;
  const result = Number(quotient * 2n + sticky) / 2 ** half / 2 ** (shift + 1 - half);
  if (!Number.isFinite(result)) throw new PythonError("OverflowError", "integer division result too large for a float");
  return result;
}

/** Python's remainder has the sign of the divisor, JavaScript's that of the dividend. */
function integerModulo(a: bigint, b: bigint): bigint {
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

function integerPower(a: bigint, b: bigint): Value {
  if (b < 0n) return new PyFloat(floatPower(Number(a), Number(b)));
  if (a >= -1n && a <= 1n) return integer(a ** (b > 2n ? 2n + (b % 2n) : b));
  fitsInteger(Number(b) * bitLength(a));
  return integer(a ** b);
}

const MAX_BITS = 100_000;
const bitLength = (value: bigint): number =>
  value > -4294967296n && value < 4294967296n ? 32 : value.toString(16).length * 4;

function fitsInteger(bits: number): void {
  if (bits > MAX_BITS) throw limitError(`it makes an integer of more than ${MAX_BITS} bits`);
}

/** Unary `-` and `+`. @throws PythonError TypeError */
export function negate(value: Value, negative: boolean): Value {
  raiseUndefined(value);
  if (value instanceof PyFloat) return negative ? new PyFloat(-value.value) : value;
  if (typeof value === "boolean") return negative ? -Number(value) + 0 : Number(value);
  if (typeof value === "number") return negative ? 0 - value : value;
  if (typeof value === "bigint") return negative ? integer(-value) : value;
  throw new PythonError("TypeError", `bad operand type for unary ${negative ? "-" : "+"}: '${typeName(value)}'`);
}
