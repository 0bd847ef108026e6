import { Str } from "./authored.ts";
import { bind, given } from "./binding.ts";
import { iterate } from "./operators.ts";
import { toStr } from "./printing.ts";
import { strftime } from "./strftime.ts";
import {
  asIndex,
  asText,
  Callable,
  Namespace,
  PyDict,
  PyRange,
  PythonError,
  UnsupportedError,
  type Arguments,
  type Value,
} from "./values.ts";

/** `raise_exception(…)` of a template. */
export class RaisedByTemplate extends Error {}

const MAX_RANGE = 100_000;

/** `range`, limited as the sandbox limits it. */
function range(args: Arguments): Value {
  const values = bind("range", args, ["start", "stop", "step"], 1);
  const numbers = values.filter((value) => value !== undefined).map((value) => asIndex(value, "range argument"));
  const [start, stop, step] =
    numbers.length === 1 ? [0, numbers[0] ?? 0, 1] : [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 1];
  if (step === 0) throw new PythonError("ValueError", "range() arg 3 must not be zero");
  const result = new PyRange(start, stop, step);
  if (result.length > MAX_RANGE) {
    throw new PythonError(
      "OverflowError",
      `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`,
    );
  }
  return result;
}

/** `dict(mapping or pairs, name=value, …)` */
function dictOf({ positional, named }: Arguments): PyDict {
  const [source] = positional;
  const result = new PyDict();
  if (source instanceof PyDict) for (const { key, value } of source.entries()) result.set(key, value);
  else if (source !== undefined) {
    for (const pair of iterate(source)) {
      const [key, value] = iterate(pair);
      if (key === undefined || value === undefined)
        throw new PythonError("ValueError", "dictionary update sequence element has the wrong length");
      result.set(key, value);
    }
  }
  for (const [key, value] of named) result.set(new Str(key), value);
  return result;
}

function namespace(args: Arguments): Namespace {
  const result = new Namespace();
  for (const { key, value } of dictOf(args).entries()) setNamespace(result, asText(key, "attribute name").text, value);
  return result;
}

/** Hugging Face's environment keeps names that begin with an underscore out of namespaces. @throws PythonError SecurityError */
export function setNamespace(target: Namespace, name: string, value: Value): void {
  if (name.startsWith("_")) {
    throw new PythonError(
      "SecurityError",
      `Chat templates cannot store underscore-prefixed attributes on a namespace, but got '${name}'.`,
    );
  }
  target.attributes.set(name, value);
}

/** A function that gives nothing at first and the separator from then on. */
function joiner(args: Arguments): Value {
  const separator = bind("joiner", args, ["sep"])[0];
  let used = false;
  return new Callable("joiner", () => {
    if (used) return separator === undefined ? new Str(", ") : separator;
    used = true;
    return new Str("");
  });
}

function raiseException(args: Arguments): never {
  throw new RaisedByTemplate(toStr(given(bind("raise_exception", args, ["message"], 1)[0])).text);
}

/** Functions of jinja2 that no chat template needs; named when one is called. */
export const UNSUPPORTED_FUNCTIONS: readonly string[] = ["cycler", "lipsum"];

const unsupported = (name: string): Callable =>
  new Callable(name, () => {
    throw new UnsupportedError(`the function ${name}()`);
  });

/** Functions every template can call. `now` is the clock, milliseconds since 1970. */
export function globalFunctions(now: () => number): ReadonlyMap<string, Value> {
  const strftimeNow = (args: Arguments): Value =>
    new Str(strftime(asText(given(bind("strftime_now", args, ["format"], 1)[0]), "format").text, new Date(now())));
  return new Map<string, Value>([
    ["range", new Callable("range", range)],
    ["dict", new Callable("dict", dictOf)],
    ["namespace", new Callable("namespace", namespace)],
    ["joiner", new Callable("joiner", joiner)],
    ["raise_exception", new Callable("raise_exception", raiseException)],
    ["strftime_now", new Callable("strftime_now", strftimeNow)],
    ...UNSUPPORTED_FUNCTIONS.map((name): [string, Value] => [name, unsupported(name)]),
  ]);
}
