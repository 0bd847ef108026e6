import { Str } from "./authored.ts";
import { bind, given, NO_ARGS } from "./binding.ts";
import { binary, compare, contains, equals, integer, isIterable } from "./operators.ts";
import type { Test } from "./runtime.ts";
import { STRING_METHODS } from "./stringMethods.ts";
import { toStr } from "./printing.ts";
import type { CompareOperator } from "./ast.ts";
import {
  Callable,
  isNumeric,
  Markup,
  PyDict,
  PyFloat,
  PyList,
  PyRange,
  PythonError,
  PyTuple,
  Undefined,
  type Value,
} from "./values.ts";

const argument = (name: string, args: Parameters<Test>[1]): Value => given(bind(name, args, ["other"], 1)[0]);

const comparison =
  (operator: CompareOperator): Test =>
  (value, args) =>
    compare(operator, value, argument(operator, args));

function remainder(value: Value, divisor: Value): Value {
  if (isNumeric(value) && isNumeric(divisor) && !(value instanceof PyFloat) && !(divisor instanceof PyFloat)) {
    if (BigInt(divisor) === 0n) throw new PythonError("ZeroDivisionError", "integer modulo by zero");
    return integer(BigInt(value) % BigInt(divisor));
  }
  return binary("%", value, divisor);
}

/** Python's `is`: the same object; small values are the same where they are equal and of one type. */
function sameObject(a: Value, b: Value): boolean {
  if (a instanceof Str && b instanceof Str) return a.text === b.text;
  return a === b;
}

const isInteger = (value: Value): boolean => typeof value === "number" || typeof value === "bigint";

function isSequence(value: Value): boolean {
  const types = [Str, PyList, PyTuple, PyDict, PyRange, Markup, Undefined];
  return types.some((type) => value instanceof type);
}

const stringTest =
  (name: "islower" | "isupper"): Test =>
  (value) =>
    STRING_METHODS[name]?.(toStr(value), NO_ARGS) === true;

/** The built-in tests of jinja2 3.1; `filter` and `test` are added by the evaluator, which knows the tables. */
export const TESTS: Readonly<Record<string, Test>> = {
  odd: (value) => equals(remainder(value, 2), 1),
  even: (value) => equals(remainder(value, 2), 0),
  divisibleby: (value, args) => equals(remainder(value, given(bind("divisibleby", args, ["num"], 1)[0])), 0),
  defined: (value) => !(value instanceof Undefined),
  undefined: (value) => value instanceof Undefined,
  none: (value) => value === null,
  boolean: (value) => typeof value === "boolean",
  false: (value) => value === false,
  true: (value) => value === true,
  integer: isInteger,
  float: (value) => value instanceof PyFloat,
  lower: stringTest("islower"),
  upper: stringTest("isupper"),
  string: (value) => value instanceof Str || value instanceof Markup,
  mapping: (value) => value instanceof PyDict,
  number: (value) => isNumeric(value),
  sequence: isSequence,
  iterable: isIterable,
  callable: (value) => value instanceof Callable,
  sameas: (value, args) => sameObject(value, argument("sameas", args)),
  escaped: (value) => value instanceof Markup,
  in: (value, args) => contains(argument("in", args), value),
  "==": comparison("=="),
  eq: comparison("=="),
  equalto: comparison("=="),
  "!=": comparison("!="),
  ne: comparison("!="),
  ">": comparison(">"),
  gt: comparison(">"),
  greaterthan: comparison(">"),
  ge: comparison(">="),
  ">=": comparison(">="),
  "<": comparison("<"),
  lt: comparison("<"),
  lessthan: comparison("<"),
  "<=": comparison("<="),
  le: comparison("<="),
};
