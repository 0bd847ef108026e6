import { Str } from "./authored.ts";
import { attributeOf, getItem, reversed } from "./attributes.ts";
import { bind, given } from "./binding.ts";
import { fitsItems, spend } from "./limits.ts";
import { binary, equals, iterate, lengthOf, order, truthy } from "./operators.ts";
import { toStr } from "./printing.ts";
import type { Filter, Runtime } from "./runtime.ts";
import { joinStr } from "./strings.ts";
import {
  asIndex,
  asText,
  hashKey,
  PyDict,
  PyIterator,
  PyList,
  PythonError,
  PyTuple,
  typeName,
  Undefined,
  type Arguments,
  type Value,
} from "./values.ts";

/** Filters over lists, dicts and numbers. */

type Getter = (item: Value) => Value;

/** What Python writes as a generator: nothing of it happens, no error either, before somebody asks for an item. */
function lazily(input: Value, generate: (items: readonly Value[]) => Iterable<Value>): PyIterator {
  return new PyIterator(
    (function* (): Generator<Value> {
      for (const item of generate(iterate(input))) {
        spend(STEP);
        yield item;
      }
    })(),
  );
}

/** Units of work of an item that a filter handles. */
const STEP = 16;

/** `attribute` arguments: dots go deeper, digits are indices. */
function attributeGetter(attribute: Value | undefined, fallback?: Value): Getter {
  if (attribute === undefined || attribute === null) return (item) => item;
  const parts: Value[] =
    attribute instanceof Str
      ? attribute.text.split(".").map((p) => (/^\d+$/.test(p) ? Number(p) : new Str(p)))
      : [attribute];
  return (item) =>
    parts.reduce<Value>((value, part) => {
      const found = getItem(value, part);
      return found instanceof Undefined && fallback !== undefined && fallback !== null ? fallback : found;
    }, item);
}

/** Sorting and grouping look at strings without case unless told otherwise. */
function caseFold(value: Value, caseSensitive: Value | undefined): Value {
  const keeps = caseSensitive !== undefined && truthy(caseSensitive);
  return value instanceof Str && !keeps ? new Str(value.text.toLowerCase()) : value;
}

function sorted<Item>(items: readonly Item[], key: (item: Item) => Value, reverse: boolean): Item[] {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  keyed.sort((a, b) => (reverse ? order(b.key, a.key, "<") : order(a.key, b.key, "<")));
  return keyed.map(({ item }) => item);
}

/** Stable; several attributes are compared one after the other. */
const sort: Filter = (input, args) => {
  const [reverse, caseSensitive, attribute] = bind("sort", args, ["reverse", "case_sensitive", "attribute"]);
  const attributes =
    attribute instanceof Str
      ? attribute.text.split(",").map((a) => attributeGetter(new Str(a)))
      : [attributeGetter(attribute)];
  const key = (item: Value): Value => new PyTuple(attributes.map((get) => caseFold(get(item), caseSensitive)));
  return new PyList(sorted(iterate(input), key, reverse !== undefined && truthy(reverse)));
};

const dictsort: Filter = (input, args) => {
  const [caseSensitive, by, reverse] = bind("dictsort", args, ["case_sensitive", "by", "reverse"]);
  if (!(input instanceof PyDict)) throw new PythonError("TypeError", `dictsort needs a dict, not ${typeName(input)}`);
  const side = by === undefined ? "key" : asText(by, "by").text;
  if (side !== "key" && side !== "value")
    throw new PythonError("FilterArgumentError", 'You can only sort by either "key" or "value"');
  const entries = sorted(
    input.entries(),
    (entry) => caseFold(entry[side], caseSensitive),
    reverse !== undefined && truthy(reverse),
  );
  return new PyList(entries.map(({ key, value }) => new PyTuple([key, value])));
};

const unique: Filter = (input, args) => {
  const [caseSensitive, attribute] = bind("unique", args, ["case_sensitive", "attribute"]);
  const get = attributeGetter(attribute);
  const seen = new Set<string>();
  return lazily(input, function* (items) {
    for (const item of items) {
      const hash = hashKey(caseFold(get(item), caseSensitive));
      if (!seen.has(hash)) yield item;
      seen.add(hash);
    }
  });
};

const extreme =
  (name: string, sign: number): Filter =>
  (input, args) => {
    const [caseSensitive, attribute] = bind(name, args, ["case_sensitive", "attribute"]);
    const get = attributeGetter(attribute);
    const items = iterate(input);
    const [first, ...rest] = items;
    if (first === undefined) return new Undefined("No aggregated item, sequence was empty.");
    const key = (item: Value): Value => caseFold(get(item), caseSensitive);
    return rest.reduce<Value>((best, item) => (sign * order(key(item), key(best), "<") > 0 ? item : best), first);
  };

/** Pairs of a key and its items, sorted by key; the key is shown as the first item has it. */
const groupby: Filter = (input, args) => {
  const [attribute, fallback, caseSensitive] = bind("groupby", args, ["attribute", "default", "case_sensitive"], 1);
  const get = attributeGetter(attribute, fallback);
  const items = sorted(iterate(input), (item) => caseFold(get(item), caseSensitive), false);
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of items) {
    const key = caseFold(get(item), caseSensitive);
    const last = groups.at(-1);
    if (last && equals(last.key, key)) last.items.push(item);
    else groups.push({ key, items: [item] });
  }
  return new PyList(groups.map((group) => new PyTuple([get(group.items[0] ?? null), new PyList(group.items)])));
};

const sum: Filter = (input, args) => {
  const [attribute, start] = bind("sum", args, ["attribute", "start"]);
  const get = attributeGetter(attribute);
  return iterate(input).reduce<Value>((total, item) => binary("+", total, get(item)), start === undefined ? 0 : start);
};

const join: Filter = (input, args) => {
  const [separator, attribute] = bind("join", args, ["d", "attribute"]);
  const get = attributeGetter(attribute);
  const parts = iterate(input).map((item) => toStr(get(item)));
  return joinStr(separator === undefined ? new Str("") : toStr(separator), parts);
};

/** An attribute of every item, or a filter over every item. A generator: it can be gone through once. */
const map: Filter = (input, args, runtime) => {
  if (!truthy(input)) return new PyIterator([]);
  return lazily(input, function* (items) {
    const change = mapping(args, runtime);
    for (const item of items) yield change(item);
  });
};

function mapping(args: Arguments, runtime: Runtime): Getter {
  if (args.positional.length === 0 && args.named.has("attribute")) {
    const [attribute, fallback] = bind("map", args, ["attribute", "default"]);
    return attributeGetter(attribute, fallback);
  }
  const [name, ...positional] = args.positional;
  if (name === undefined) throw new PythonError("FilterArgumentError", "map requires a filter argument");
  const filter = asText(name, "filter name").text;
  return (item) => runtime.applyFilter(filter, item, { positional, named: args.named });
}

/** `select`, `reject` and their `attr` forms: items for which a test (or the item itself) is true or false. */
const selector =
  (name: string, options: { keeps: boolean; byAttribute: boolean }): Filter =>
  (input, args, runtime) => {
    if (!truthy(input)) return new PyIterator([]);
    return lazily(input, function* (items) {
      const { get, rest } = selectorGetter(name, args, options.byAttribute);
      const [test, ...positional] = rest;
      const passes = (value: Value): boolean =>
        test === undefined ? truthy(value) : runTest(runtime, test, value, { positional, named: args.named });
      for (const item of items) if (passes(get(item)) === options.keeps) yield item;
    });
  };

function selectorGetter(name: string, args: Arguments, byAttribute: boolean): { get: Getter; rest: readonly Value[] } {
  if (!byAttribute) return { get: (item) => item, rest: args.positional };
  const [attribute, ...rest] = args.positional;
  if (attribute === undefined)
    throw new PythonError("FilterArgumentError", `Missing parameter for attribute name in ${name}`);
  return { get: attributeGetter(attribute), rest };
}

function runTest(runtime: Runtime, test: Value, value: Value, args: Arguments): boolean {
  return runtime.applyTest(asText(test, "test name").text, value, args);
}

const batch: Filter = (input, args) => {
  const [count, fill] = bind("batch", args, ["linecount", "fill_with"], 1);
  const size = asIndex(given(count));
  return lazily(input, function* (items) {
    let row: Value[] = [];
    for (const item of items) {
      if (row.length === size) {
        yield new PyList(row);
        row = [];
      }
      row.push(item);
    }
    if (row.length === 0) return;
    if (fill !== undefined && fill !== null) {
      fitsItems(size);
      while (row.length < size) row.push(fill);
    }
    yield new PyList(row);
  });
};

/** Cuts a list into a number of parts; the first ones are longer where it does not come out even. */
const slice: Filter = (input, args) => {
  const [count, fill] = bind("slice", args, ["slices", "fill_with"], 1);
  const slices = asIndex(given(count));
  return lazily(input, function* (items) {
    if (slices === 0) throw new PythonError("ZeroDivisionError", "integer division or modulo by zero");
    const size = Math.floor(items.length / slices);
    const extra = items.length - size * slices;
    for (let i = 0; i < slices; i++) {
      const start = i * size + Math.min(i, extra);
      const row = items.slice(start, start + size + (i < extra ? 1 : 0));
      yield new PyList(fill !== undefined && fill !== null && i >= extra ? [...row, fill] : [...row]);
    }
  });
};

const first: Filter = (input) => {
  if (input instanceof PyIterator) {
    const next = input.next();
    return next === undefined ? new Undefined("No first item, sequence was empty.") : next;
  }
  const [item] = iterate(input);
  return item === undefined ? new Undefined("No first item, sequence was empty.") : item;
};

const last: Filter = (input) => {
  if (input instanceof PyIterator) throw new PythonError("TypeError", "'generator' object is not reversible");
  const item = iterate(input).at(-1);
  return item === undefined ? new Undefined("No last item, sequence was empty.") : item;
};

const items: Filter = (input) => {
  if (input instanceof Undefined) return new PyIterator([]);
  return new PyIterator(
    (function* (): Generator<Value> {
      if (!(input instanceof PyDict)) throw new PythonError("TypeError", "Can only get item pairs from a mapping.");
      for (const { key, value } of input.entries()) yield new PyTuple([key, value]);
    })(),
  );
};

const attr: Filter = (input, args) => {
  const name = asText(given(bind("attr", args, ["name"], 1)[0]), "attribute name").text;
  const found = attributeOf(input, name);
  return found === undefined ? new Undefined(`'${typeName(input)} object' has no attribute '${name}'`) : found;
};

const reverse: Filter = (input) => {
  if (!(input instanceof Str)) return reversed(input);
  return joinStr(new Str(""), input.characters().reverse());
};

/** Filters of jinja2 3.1 over collections and numbers, by name. */
export const COLLECTION_FILTERS: Readonly<Record<string, Filter>> = {
  attr,
  batch,
  count: (input) => lengthOf(input),
  dictsort,
  first,
  groupby,
  items,
  join,
  last,
  length: (input) => lengthOf(input),
  list: (input) => new PyList([...iterate(input)]),
  map,
  max: extreme("max", 1),
  min: extreme("min", -1),
  reject: selector("reject", { keeps: false, byAttribute: false }),
  rejectattr: selector("rejectattr", { keeps: false, byAttribute: true }),
  reverse,
  select: selector("select", { keeps: true, byAttribute: false }),
  selectattr: selector("selectattr", { keeps: true, byAttribute: true }),
  slice,
  sort,
  sum,
  unique,
};

/** Filters of jinja2 that no chat template needs; named when one is used. */
export const UNSUPPORTED_FILTERS: readonly string[] = [
  "filesizeformat",
  "forceescape",
  "pprint",
  "random",
  "striptags",
  "urlize",
  "wordwrap",
  "xmlattr",
];
