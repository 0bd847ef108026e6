import { describe, expect, it } from "vitest";
import { SiftError } from "#shared/errors.ts";
import { createRowReader, parseJson, type ReaderEvent } from "#shared/text/index.ts";

/** Events of a text pushed in chunks of a size. */
function read(text: string, chunk = text.length, maxCharacters?: number): ReaderEvent[] {
  const reader = createRowReader(maxCharacters);
  const events: ReaderEvent[] = [];
  for (let at = 0; at < text.length; at += Math.max(1, chunk)) events.push(...reader.push(text.slice(at, at + chunk)));
  return [...events, ...reader.end()];
}

const brief = (events: readonly ReaderEvent[]): unknown[] =>
  events.map((event) => [event.row, event.line, event.kind === "row" ? event.text : event.error.code]);

describe("JSON Lines", () => {
  const text = '\ufeff\n{"a": 1}\n\n  {"b": "x\\ny"}  \r\nnot json\n{"c": 3}';
  const expected = [
    [0, 2, '{"a": 1}'],
    [1, 4, '{"b": "x\\ny"}'],
    [2, 5, "not json"],
    [3, 6, '{"c": 3}'],
  ];
  it.each([1, 2, 3, 7, 1000])("come out line by line in chunks of %d", (chunk) => {
    expect(brief(read(text, chunk))).toEqual(expected);
  });
  it("name a row that is too long and go on", () => {
    expect(brief(read(`{"a": "${"x".repeat(50)}"}\n{"b": 1}\n`, 10, 20))).toEqual([
      [0, 1, "row-too-long"],
      [1, 2, '{"b": 1}'],
    ]);
  });
  it("of nothing are nothing", () => {
    expect(read("")).toEqual([]);
    expect(read(" \n\n ")).toEqual([]);
  });
});

describe("a JSON array", () => {
  const text = ' [\n  {"a": "]},{\\"[", "n": [1, {"x": 2}]},\n  {"b": {}} , {"c": 1}\n,5, "s,]", null\n]\n';
  const expected = [
    [0, 2, '{"a": "]},{\\"[", "n": [1, {"x": 2}]}'],
    [1, 3, '{"b": {}}'],
    [2, 3, '{"c": 1}'],
    [3, 4, "5"],
    [4, 4, '"s,]"'],
    [5, 4, "null"],
  ];
  it.each([1, 2, 3, 5, 8, 13, 1000])("is cut into its elements in chunks of %d", (chunk) => {
    expect(brief(read(text, chunk))).toEqual(expected);
  });
  it("that is empty has no rows", () => {
    expect(read("[]")).toEqual([]);
    expect(read("[ \n ]")).toEqual([]);
  });
  it.each([1, 4, 1000])("goes on after a row whose bracket is missing, in chunks of %d", (chunk) => {
    const broken = '[\n  {"a": 1},\n  {"b": {"c": 2},\n  {"d": 3}\n]';
    expect(brief(read(broken, chunk))).toEqual([
      [0, 2, '{"a": 1}'],
      [1, 3, "row-not-closed"],
      [2, 4, '{"d": 3}'],
    ]);
  });
  it.each([1, 4, 1000])("goes on after a string that is not closed, in chunks of %d", (chunk) => {
    const broken = '[\n  {"a": "x},\n  {"d": 3}\n]';
    expect(brief(read(broken, chunk)).at(-1)).toEqual([1, 3, '{"d": 3}']);
  });
  it("says where it was cut, and what stands behind it", () => {
    expect(brief(read('[{"a": 1}, {"b": '))).toEqual([
      [0, 1, '{"a": 1}'],
      [1, 1, "row-not-closed"],
    ]);
    expect(brief(read('[{"a": 1},\n'))).toEqual([
      [0, 1, '{"a": 1}'],
      [1, 2, "array-not-closed"],
    ]);
    expect(brief(read('[1]\n{"x": 1}'))).toEqual([
      [0, 1, "1"],
      [1, 2, "text-after-array"],
    ]);
  });
  it("names an element that is too long and goes on", () => {
    expect(brief(read(`[{"a": "${"x".repeat(50)}"}, {"b": 1}]`, 7, 20))).toEqual([
      [0, 1, "row-too-long"],
      [1, 1, '{"b": 1}'],
    ]);
  });
});

describe("JSON as Python reads it", () => {
  it("keeps floats, long integers and the order of keys", () => {
    const value = parseJson('{"b": 1.0, "10": 12345678901234567890, "2": 1e3, "a": [0.5, -0, 7]}') as Record<
      string,
      unknown
    >;
    expect(value["b"]).toBeInstanceOf(Number);
    expect(Number(value["b"]) + 1).toBe(2);
    expect(value["10"]).toMatchObject({ text: "12345678901234567890" });
    expect(value["2"]).toBeInstanceOf(Number);
    expect(value["a"]).toEqual([0.5, 0, 7]);
    expect(JSON.stringify(value)).toContain('"b":1');
  });
  it.each([
    ["{", "expected a key"],
    ['{"a": }', "expected a value"],
    ['{"a": 1,}', "expected a key"],
    ["[1 2]", "expected ',' or ']'"],
    ['"abc', "not closed"],
    ["{} x", "after the value"],
    ["NaN", "expected a value"],
    ["[".repeat(3000), "nested more than"],
  ])("says what is wrong with %j", (text, reason) => {
    expect(() => parseJson(text)).toThrow(SiftError);
    expect(() => parseJson(text)).toThrow(reason);
  });
  it("cannot be used to reach a prototype", () => {
    const value = parseJson('{"__proto__": {"x": 1}, "a": 1.0}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(["__proto__", "a"]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});
