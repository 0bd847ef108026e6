import { type Author, Str, TEMPLATE } from "./authored.ts";
import { fitsItems, fitsText, madeItems, spend } from "./limits.ts";

/** Python values as templates see them. Integers are numbers (bigint beyond 2^53), floats a class of their own. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | PyFloat
  | Str
  | PyList
  | PyTuple
  | PyDict
  | PyView
  | PyRange
  | PyIterator
  | Undefined
  | Callable
  | Namespace
  | Loop
  | Markup;

/** A Python float; a plain number is an int, because the two print differently. */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A Python list. Templates cannot change one: the sandbox forbids it. */
export class PyList {
  readonly items: Value[];
  /** Whoever wrote the whole container; the template for those it made itself. */
  readonly author: Author;
  constructor(items: Value[], author: Author = TEMPLATE) {
    madeItems(items.length);
    this.items = items;
    this.author = author;
  }
}

/** A Python tuple. */
export class PyTuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    madeItems(items.length);
    this.items = items;
  }
}

/** A key with its value, in insertion order. */
export interface DictEntry {
  readonly key: Value;
  value: Value;
}

/** A Python dict: keeps the order of its keys; 1, 1.0 and True are one key. */
export class PyDict {
  readonly author: Author;
  private readonly entriesByKey = new Map<string, DictEntry>();

  constructor(entries: Iterable<readonly [Value, Value]> = [], author: Author = TEMPLATE) {
    this.author = author;
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.entriesByKey.size;
  }

  get(key: Value): Value | undefined {
    return this.entriesByKey.get(hashKey(key))?.value;
  }

  /** By text, the common case. */
  getText(key: string): Value | undefined {
    return this.entriesByKey.get(`s${key}`)?.value;
  }

  has(key: Value): boolean {
    return this.entriesByKey.has(hashKey(key));
  }

  set(key: Value, value: Value): void {
    const hash = hashKey(key);
    const entry = this.entriesByKey.get(hash);
    if (entry) entry.value = value;
    else this.entriesByKey.set(hash, { key, value });
  }

  entries(): DictEntry[] {
    return [...this.entriesByKey.values()];
  }

  keys(): Value[] {
    return this.entries().map((entry) => entry.key);
  }
}

/** `dict.keys()`, `.values()`, `.items()`. */
export class PyView {
  readonly kind: "keys" | "values" | "items";
  readonly dict: PyDict;
  constructor(kind: "keys" | "values" | "items", dict: PyDict) {
    this.kind = kind;
    this.dict = dict;
  }

  items(): Value[] {
    if (this.kind === "keys") return this.dict.keys();
    return this.dict.entries().map(({ key, value }) => (this.kind === "values" ? value : new PyTuple([key, value])));
  }
}

/** A Python range, never spelled out until something iterates over it. */
export class PyRange {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  constructor(start: number, stop: number, step: number) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }

  get length(): number {
    return Math.max(0, Math.ceil((this.stop - this.start) / this.step));
  }

  at(index: number): number {
    return this.start + index * this.step;
  }
}

/** A generator: what it holds is made when it is asked for, and can be taken once. */
export class PyIterator {
  private readonly items: Iterator<Value>;
  constructor(items: Iterable<Value>) {
    this.items = items[Symbol.iterator]();
  }

  takeAll(): readonly Value[] {
    const rest: Value[] = [];
    for (let next = this.items.next(); next.done !== true; next = this.items.next()) fitsItems(rest.push(next.value));
    madeItems(rest.length);
    return rest;
  }

  next(): Value | undefined {
    const next = this.items.next();
    return next.done === true ? undefined : next.value;
  }
}

/** A variable, attribute or item that is not there. It prints as nothing; most uses of it are errors with this message. */
export class Undefined {
  /** The error of using it. */
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** Evaluated arguments of a call. */
export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** A function, a macro or a bound method. */
export class Callable {
  readonly name: string;
  readonly call: (args: Arguments) => Value;
  /** Attributes, as `macro.name`. */
  readonly attributes: ReadonlyMap<string, Value>;
  constructor(name: string, call: (args: Arguments) => Value, attributes: ReadonlyMap<string, Value> = new Map()) {
    this.name = name;
    this.call = call;
    this.attributes = attributes;
  }
}

/** `namespace(…)`: the one value a template can assign attributes of. */
export class Namespace {
  readonly attributes = new Map<string, Value>();
}

/** The `loop` variable. */
export class Loop {
  readonly items: readonly Value[];
  readonly depth: number;
  index = 0;
  lastChanged: readonly Value[] | undefined;
  /** Runs the loop's body over other items, in a recursive loop. */
  readonly recurse: ((items: Value) => Value) | undefined;
  constructor(items: readonly Value[], depth: number, recurse?: (items: Value) => Value) {
    this.items = items;
    this.depth = depth;
    this.recurse = recurse;
  }
}

/** Result of `safe` or `escape`. It can be written out; whatever would escape the other side of an operation is refused. */
export class Markup {
  readonly value: Str;
  constructor(value: Str) {
    this.value = value;
  }
}

/** A Python exception inside a template; the evaluator adds the place. */
export class PythonError extends Error {
  readonly kind: string;
  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A feature that we do not have; never a reason to render something else. */
export class UnsupportedError extends Error {}

/** A string such that two keys are the same dict key in Python exactly where their strings are equal. @throws PythonError TypeError */
export function hashKey(key: Value): string {
  spend(1);
  if (key instanceof Str) return `s${key.text}`;
  if (typeof key === "boolean") return `n${Number(key)}`;
  if (typeof key === "number" || typeof key === "bigint") return `n${key}`;
  if (key instanceof PyFloat) return `n${key.value}`;
  if (key === null) return "none";
  if (key instanceof PyTuple) return tupleKey(key.items.map(hashKey));
  if (key instanceof Undefined) return "undefined";
  if (key instanceof PyRange) return `r${key.length > 0 ? [key.start, key.at(key.length - 1), key.length].join() : ""}`;
  if (key instanceof PyIterator || key instanceof Callable || key instanceof Loop || key instanceof Namespace)
    return `o${identity(key)}`;
  throw new PythonError("TypeError", `unhashable type: '${typeName(key)}'`);
}

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

/** A number for each object: what has no value of its own is a key by being itself. */
function identity(object: object): number {
  const known = identities.get(object);
  if (known !== undefined) return known;
  identities.set(object, ++lastIdentity);
  return lastIdentity;
}

/** Each part with its length, so that no two tuples make one text. */
function tupleKey(parts: readonly string[]): string {
  fitsText(parts.reduce((total, part) => total + part.length, 0));
  return `t${parts.map((part) => `${part.length}:${part}`).join("")}`;
}

/** The name of the Python type. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number" || typeof value === "bigint") return "int";
  if (value instanceof PyView) return `dict_${value.kind}`;
  return CLASS_NAMES.find(([type]) => value instanceof type)?.[1] ?? "object";
}

const CLASS_NAMES: readonly (readonly [new (...args: never[]) => unknown, string])[] = [
  [Str, "str"],
  [PyFloat, "float"],
  [PyList, "list"],
  [PyTuple, "tuple"],
  [PyDict, "dict"],
  [PyRange, "range"],
  [PyIterator, "generator"],
  [Undefined, "Undefined"],
  [Callable, "function"],
  [Namespace, "Namespace"],
  [Loop, "LoopContext"],
  [Markup, "Markup"],
];

/** `true` and `false` count as integers, as in Python. */
export function isNumeric(value: Value): value is number | bigint | boolean | PyFloat {
  return (
    typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" || value instanceof PyFloat
  );
}

/** An int-like argument as a number. @throws PythonError TypeError */
export function asIndex(value: Value, what = "index"): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "bigint") return value > 0n ? Number.MAX_SAFE_INTEGER : -Number.MAX_SAFE_INTEGER;
  throw new PythonError("TypeError", `${what} must be an integer, not ${typeName(value)}`);
}

/** An argument that must be a string. @throws PythonError TypeError, or UndefinedError. */
export function asText(value: Value, what: string): Str {
  if (value instanceof Str) return value;
  if (value instanceof Undefined) throw new PythonError("UndefinedError", value.message);
  throw new PythonError("TypeError", `${what} must be str, not ${typeName(value)}`);
}
