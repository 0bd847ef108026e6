import { Str, StrBuilder } from "./authored.ts";
import {
  asIndex,
  Markup,
  PyList,
  PyRange,
  PythonError,
  PyTuple,
  typeName,
  Undefined,
  UnsupportedError,
  type Value,
} from "./values.ts";

/** Undefined parts were left out. */
export interface SliceBounds {
  readonly start: Value | undefined;
  readonly stop: Value | undefined;
  readonly step: Value | undefined;
}

/** Indices that `slice(start, stop, step)` selects in a sequence of `length` items, as Python's `slice.indices`. */
function sliceIndices(bounds: SliceBounds, length: number): { start: number; stop: number; step: number } {
  const read = (value: Value | undefined): number | undefined =>
    value === undefined || value === null ? undefined : asIndex(value, "slice indices");
  const step = read(bounds.step) ?? 1;
  if (step === 0) throw new PythonError("ValueError", "slice step cannot be zero");
  const lowest = step < 0 ? -1 : 0;
  const highest = step < 0 ? length - 1 : length;
  const clamp = (value: number | undefined, fallback: number): number => {
    if (value === undefined) return fallback;
    return value < 0 ? Math.max(lowest, value + length) : Math.min(highest, value);
  };
  return {
    start: clamp(read(bounds.start), step < 0 ? highest : 0),
    stop: clamp(read(bounds.stop), step < 0 ? lowest : length),
    step,
  };
}

function pick<Item>(items: readonly Item[], bounds: SliceBounds): Item[] {
  const { start, stop, step } = sliceIndices(bounds, items.length);
  if (step === 1) return items.slice(start, stop);
  const result: Item[] = [];
  for (let i = start; step > 0 ? i < stop : i > stop; i += step) {
    const item = items[i];
    if (item !== undefined) result.push(item);
  }
  return result;
}

/** `value[start:stop:step]`. @throws PythonError of what has no slices */
export function sliceValue(value: Value, bounds: SliceBounds): Value {
  if (value instanceof Str) return sliceStr(value, bounds);
  if (value instanceof PyList) return new PyList(pick(value.items, bounds), value.author);
  if (value instanceof PyTuple) return new PyTuple(pick(value.items, bounds));
  if (value instanceof PyRange) {
    const { start, stop, step } = sliceIndices(bounds, value.length);
    return new PyRange(value.at(start), value.at(stop), value.step * step);
  }
  if (value instanceof Undefined) throw new PythonError("UndefinedError", value.message);
  if (value instanceof Markup) throw new UnsupportedError("a slice of a 'safe' string");
  throw new PythonError("TypeError", `'${typeName(value)}' object is not subscriptable`);
}

function sliceStr(value: Str, bounds: SliceBounds): Str {
  const { start, stop, step } = sliceIndices(bounds, value.codePointLength);
  if (step === 1) return start >= stop ? new Str("") : value.slice(value.unitOffset(start), value.unitOffset(stop));
  const builder = new StrBuilder();
  for (const char of pick(value.characters(), bounds)) builder.add(char);
  return builder.build();
}

function characterAt(value: Str, index: number): Str | undefined {
  if (index < 0 || index >= value.codePointLength) return undefined;
  const start = value.unitOffset(index);
  return value.slice(start, start + String.fromCodePoint(value.text.codePointAt(start) ?? 0).length);
}

/** `value[index]` of a sequence; undefined where there is no such item. @throws UnsupportedError of a `safe` string */
export function itemAt(value: Value, index: Value): Value | undefined {
  if (value instanceof Markup && !(index instanceof Str)) throw new UnsupportedError("an item of a 'safe' string");
  if (typeof index !== "number" && typeof index !== "boolean") return undefined;
  const at = (length: number): number => (Number(index) < 0 ? Number(index) + length : Number(index));
  if (value instanceof PyList || value instanceof PyTuple) return value.items[at(value.items.length)];
  if (value instanceof Str) return characterAt(value, at(value.codePointLength));
  if (!(value instanceof PyRange)) return undefined;
  const position = at(value.length);
  return position >= 0 && position < value.length ? value.at(position) : undefined;
}
