import { SiftError } from "#shared/errors.ts";

/**
 * JSON as Python reads it. `JSON.parse` loses what a template may print: `1.0` becomes 1, long integers are rounded, keys
 * that look like integers move to the front. Here a float with a whole value is a boxed `Number` (which every other code
 * can use as a number, and which survives a structured clone), an integer beyond 2^53 is a `NumberText`, and an object
 * whose keys JavaScript would reorder remembers their order.
 */
export class NumberText extends Number {
  readonly text: string;
  constructor(text: string) {
    super(text);
    this.text = text;
  }
}

const KEY_ORDER = Symbol("key order");

/** Own keys in the order of the text. */
export function keysInOrder(object: object): readonly string[] {
  const order: unknown = Reflect.get(object, KEY_ORDER);
  return Array.isArray(order) ? (order as readonly string[]) : Object.keys(object);
}

/** What `JSON.parse` reads differently: numbers with a fraction, an exponent or many digits, and keys of digits. */
const NEEDS_CARE = /\d[.eE]|\d{16}|-0|"\d+"\s*:/;
/** Deeper nesting than any data; it would end in a stack overflow otherwise. */
const MAX_DEPTH = 500;

/** @throws SiftError `row-not-json` with the reason and the column. */
export function parseJson(text: string): unknown {
  try {
    if (!NEEDS_CARE.test(text)) return JSON.parse(text) as unknown;
  } catch {
    // The careful parser gives a place and a reason.
  }
  return new JsonParser(text).parse();
}

const WHITESPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- control characters are what JSON forbids
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORDS = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;

class JsonParser {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  parse(): unknown {
    const value = this.value(0);
    this.skipSpace();
    if (this.at < this.text.length) throw this.fail("there is text after the value");
    return value;
  }

  private fail(reason: string): SiftError {
    const before = this.text.slice(0, this.at);
    const found =
      this.at < this.text.length
        ? `found ${JSON.stringify(this.text.slice(this.at, this.at + 12))}`
        : "the text ends here";
    const column = this.at - before.lastIndexOf("\n");
    return new SiftError("row-not-json", `not valid JSON at character ${column}: ${reason}, ${found}`, {
      remedy: "correct the row in the file, or leave it out",
    });
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match) this.at += match[0].length;
    return match;
  }

  private skipSpace(): void {
    this.take(WHITESPACE);
  }

  private value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw this.fail(`values are nested more than ${MAX_DEPTH} deep`);
    this.skipSpace();
    const char = this.text[this.at];
    if (char === "{") return this.object(depth);
    if (char === "[") return this.array(depth);
    if (char === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    const number = this.take(NUMBER);
    if (!number || number[0] === "") throw this.fail("expected a value");
    return readNumber(number[0], number[1] !== undefined || number[2] !== undefined);
  }

  private string(): string {
    const match = this.take(STRING);
    if (!match) throw this.fail("a string is not closed or holds a character that must be escaped");
    return JSON.parse(match[0]) as string;
  }

  private array(depth: number): unknown[] {
    const items: unknown[] = [];
    this.series("]", () => void items.push(this.value(depth + 1)));
    return items;
  }

  private object(depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const order = new Set<string>();
    this.series("}", () => {
      this.skipSpace();
      if (this.text[this.at] !== '"') throw this.fail("expected a key in double quotes");
      const key = this.string();
      this.skipSpace();
      if (this.text[this.at++] !== ":") throw ((this.at -= 1), this.fail("expected ':'"));
      order.add(key);
      const value = this.value(depth + 1);
      Object.defineProperty(result, key, { value, writable: true, enumerable: true, configurable: true });
    });
    const natural = Object.keys(result);
    const keys = [...order];
    if (keys.some((key, i) => key !== natural[i])) Object.defineProperty(result, KEY_ORDER, { value: keys });
    return result;
  }

  /** Items between commas up to the closing bracket; the opening one is at the current place. */
  private series(closer: string, item: () => void): void {
    this.at++;
    this.skipSpace();
    if (this.text[this.at] === closer) return void this.at++;
    for (;;) {
      item();
      this.skipSpace();
      const next = this.text[this.at];
      if (next !== "," && next !== closer) throw this.fail(`expected ',' or '${closer}'`);
      this.at++;
      if (next === closer) return;
    }
  }
}

function readNumber(text: string, isFloat: boolean): unknown {
  const value = Number(text);
  if (isFloat) return Number.isInteger(value) ? new Number(value) : value;
  if (Number.isSafeInteger(value)) return value + 0 === 0 ? 0 : value;
  return new NumberText(text);
}
