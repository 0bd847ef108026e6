import { Str } from "./authored.ts";
import { bind, given } from "./binding.ts";
import { formatBraces } from "./formatBraces.ts";
import { equals, iterate, lengthOf } from "./operators.ts";
import { toRepr } from "./printing.ts";
import { itemAt } from "./slicing.ts";
import { STRING_METHODS } from "./stringMethods.ts";
import {
  Callable,
  Loop,
  Markup,
  Namespace,
  PyDict,
  PyIterator,
  PyList,
  PyRange,
  PythonError,
  PyTuple,
  PyView,
  typeName,
  Undefined,
  UnsupportedError,
  type Arguments,
  type Value,
} from "./values.ts";

/** What the immutable sandbox of `apply_chat_template` refuses. */
const MUTATORS: Readonly<Record<string, readonly string[]>> = {
  list: ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"],
  dict: ["clear", "pop", "popitem", "setdefault", "update"],
};
/** Methods that Python has and we do not; using one is refused by name rather than found undefined. */
const MISSING_METHODS: Readonly<Record<string, readonly string[]>> = {
  str: ["encode", "expandtabs", "format_map", "isidentifier", "isprintable", "istitle", "maketrans", "translate"],
  dict: ["fromkeys"],
};

const DICT_METHODS: Readonly<Record<string, (self: PyDict, args: Arguments) => Value>> = {
  get: (self, args) => {
    const [key, fallback] = bind("get", args, ["key", "default"], 1);
    const found = self.get(given(key));
    return found === undefined ? (fallback ?? null) : found;
  },
  keys: (self) => new PyView("keys", self),
  values: (self) => new PyView("values", self),
  items: (self) => new PyView("items", self),
  copy: (self) =>
    new PyDict(
      self.entries().map(({ key, value }) => [key, value] as const),
      self.author,
    ),
};

/** Methods that a dict has in templates. */
export const DICT_METHOD_NAMES: readonly string[] = Object.keys(DICT_METHODS);

const SEQUENCE_METHODS: Readonly<Record<string, (items: readonly Value[], args: Arguments) => Value>> = {
  index: (items, args) => {
    const [value] = bind("index", args, ["value"], 1);
    const at = items.findIndex((item) => equals(item, given(value)));
    if (at < 0) throw new PythonError("ValueError", "the value is not in the list");
    return at;
  },
  count: (items, args) => {
    const [value] = bind("count", args, ["value"], 1);
    return items.filter((item) => equals(item, given(value))).length;
  },
};

/** `value.name`: an attribute where the Python type has one, else the item of that name. */
export function getAttribute(value: Value, name: string): Value {
  const attribute = attributeOf(value, name);
  if (attribute !== undefined) return attribute;
  const item = ownItem(value, new Str(name));
  return item === undefined ? missing(value, name) : item;
}

/** `value[index]`: the item, else the attribute of that name. */
export function getItem(value: Value, index: Value): Value {
  const item = ownItem(value, index);
  if (item !== undefined) return item;
  const attribute = index instanceof Str ? attributeOf(value, index.text) : undefined;
  if (attribute !== undefined) return attribute;
  return missing(value, index instanceof Str ? index.text : index);
}

function ownItem(value: Value, index: Value): Value | undefined {
  if (!(value instanceof PyDict)) return itemAt(value, index);
  // An unhashable key makes Python raise TypeError, which the environment turns into an undefined item.
  if (index instanceof PyList || index instanceof PyDict) return undefined;
  return value.get(index);
}

/** What a lookup that found nothing gives; printing it is empty, using it an error that says what was looked for. */
function missing(value: Value, name: string | Value): Undefined {
  if (value instanceof Undefined) throw new PythonError("UndefinedError", value.message);
  const owner = value === null ? "None" : `'${pythonTypePath(value)}'`;
  if (typeof name === "string")
    return new Undefined(`${owner}${value === null ? "" : " object"} has no attribute '${name}'`);
  return new Undefined(`${owner}${value === null ? "" : " object"} has no element ${toRepr(name).text}`);
}

const pythonTypePath = (value: Value): string => (value instanceof PyDict ? "dict" : typeName(value));

/**
 * An attribute of the Python type; undefined where it has none.
 * @throws PythonError of an undefined value, UnsupportedError of a method that we lack
 */
export function attributeOf(value: Value, name: string): Value | undefined {
  if (value instanceof Undefined) throw new PythonError("UndefinedError", value.message);
  if (value instanceof Namespace) return value.attributes.get(name);
  if (value instanceof Loop) return loopAttribute(value, name);
  if (value instanceof Callable) return value.attributes.get(name);
  const type = typeName(value);
  if (MUTATORS[type]?.includes(name)) {
    return new Undefined(`access to attribute '${name}' of '${type}' object is unsafe.`);
  }
  if (MISSING_METHODS[type]?.includes(name)) throw new UnsupportedError(`${type}.${name}()`);
  const method = methodOf(value, name);
  if (method) return new Callable(name, method);
  return name.startsWith("__")
    ? new Undefined(`access to attribute '${name}' of '${type}' object is unsafe.`)
    : undefined;
}

/** A bound method of a string, dict, list or tuple. */
function methodOf(value: Value, name: string): ((args: Arguments) => Value) | undefined {
  const own = <Method>(table: Readonly<Record<string, Method>>): Method | undefined =>
    Object.hasOwn(table, name) ? table[name] : undefined;
  if (value instanceof Str) {
    if (name === "format") return (args) => formatBraces(value, args, { getAttribute, getItem });
    const method = own(STRING_METHODS);
    return method && ((args) => method(value, args));
  }
  if (value instanceof PyDict) {
    const method = own(DICT_METHODS);
    return method && ((args) => method(value, args));
  }
  if (value instanceof Markup && (name === "format" || own(STRING_METHODS)))
    throw new UnsupportedError(`${name}() of a 'safe' or escaped string`);
  if (value instanceof PyRange) {
    const method = own(SEQUENCE_METHODS);
    return method && ((args) => method(iterate(value), args));
  }
  if (value instanceof PyList || value instanceof PyTuple) {
    if (name === "copy" && value instanceof PyList) return () => new PyList([...value.items], value.author);
    const method = own(SEQUENCE_METHODS);
    return method && ((args) => method(value.items, args));
  }
  return undefined;
}

/** `loop.index` and its siblings; items before and behind are known because a loop's items are all at hand. */
function loopAttribute(loop: Loop, name: string): Value | undefined {
  const { index, items } = loop;
  const length = items.length;
  switch (name) {
    case "index0":
      return index;
    case "index":
      return index + 1;
    case "revindex":
      return length - index;
    case "revindex0":
      return length - index - 1;
    case "first":
      return index === 0;
    case "last":
      return index === length - 1;
    case "length":
      return length;
    case "depth":
      return loop.depth;
    case "depth0":
      return loop.depth - 1;
    case "previtem":
      return index === 0 ? new Undefined("there is no previous item") : (items[index - 1] ?? null);
    case "nextitem":
      return index === length - 1 ? new Undefined("there is no next item") : (items[index + 1] ?? null);
    case "cycle":
      return new Callable("cycle", ({ positional }) => {
        if (positional.length === 0) throw new PythonError("TypeError", "no items for cycling given");
        return positional[index % positional.length] ?? null;
      });
    case "changed":
      return new Callable("changed", ({ positional }) => loopChanged(loop, positional));
    default:
      return undefined;
  }
}

function loopChanged(loop: Loop, values: readonly Value[]): boolean {
  const last = loop.lastChanged;
  const same =
    last !== undefined && last.length === values.length && last.every((item, i) => equals(item, values[i] ?? null));
  if (!same) loop.lastChanged = values;
  return !same;
}

/** Python's `reversed`. @throws PythonError TypeError */
export function reversed(value: Value): Value {
  if (value instanceof PyIterator) return new PyList([...value.takeAll()].reverse());
  if (value instanceof PyList || value instanceof PyTuple) return new PyIterator([...value.items].reverse());
  if (value instanceof PyDict) return new PyIterator(value.keys().reverse());
  if (value instanceof PyView) return new PyIterator(value.items().reverse());
  if (value instanceof Undefined) return new PyIterator([]);
  throw new PythonError("TypeError", `'${typeName(value)}' object is not reversible (length ${lengthOf(value)})`);
}
