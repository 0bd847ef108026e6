import { type ErrorReport, SiftError, toErrorReport } from "#shared/errors.ts";

/** A row's raw text, or why there is none; `row` counts from 0, `line` from 1. */
export type ReaderEvent =
  | { readonly kind: "row"; readonly row: number; readonly line: number; readonly text: string }
  | { readonly kind: "error"; readonly row: number; readonly line: number; readonly error: ErrorReport };

/** Longest row that is read: far above any conversation, far below what would exhaust memory. */
export const MAX_ROW_CHARACTERS = 32 * 1024 * 1024;

/** Reads a file that comes in pieces. */
export interface RowReader {
  /** Text of the file, in order, cut anywhere. */
  push(chunk: string): ReaderEvent[];
  /** The file ends here. */
  end(): ReaderEvent[];
}

/**
 * Reads JSON Lines or one JSON array, whichever the first character says, holding one row at a time.
 * Rows come out unparsed; a row of JSON Lines is a line that is not blank, a row of an array is an element.
 */
export function createRowReader(maxCharacters = MAX_ROW_CHARACTERS): RowReader {
  let inner: RowReader | undefined;
  let line = 1;
  return {
    push(chunk) {
      if (inner) return inner.push(chunk);
      const start = chunk.search(/[^\s\ufeff]/);
      if (start < 0) {
        line += countNewlines(chunk);
        return [];
      }
      line += countNewlines(chunk.slice(0, start));
      const isArray = chunk[start] === "[";
      inner = isArray ? new ArrayReader(line, maxCharacters) : new LineReader(line, maxCharacters);
      return inner.push(chunk.slice(isArray ? start + 1 : start));
    },
    end: () => inner?.end() ?? [],
  };
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

function tooLong(maxCharacters: number): ErrorReport {
  return toErrorReport(
    new SiftError("row-too-long", `the row is longer than ${maxCharacters} characters`, {
      remedy: "leave the row out or cut it",
    }),
  );
}

/** JSON Lines: keeps one unfinished line. */
class LineReader implements RowReader {
  private readonly maxCharacters: number;
  private line: number;
  private row = 0;
  private parts: string[] = [];
  private length = 0;

  constructor(firstLine: number, maxCharacters: number) {
    this.line = firstLine;
    this.maxCharacters = maxCharacters;
  }

  push(chunk: string): ReaderEvent[] {
    const events: ReaderEvent[] = [];
    let start = 0;
    for (let at = chunk.indexOf("\n"); at >= 0; at = chunk.indexOf("\n", start)) {
      this.keep(chunk.slice(start, at));
      this.finishLine(events);
      this.line++;
      start = at + 1;
    }
    this.keep(chunk.slice(start));
    return events;
  }

  end(): ReaderEvent[] {
    const events: ReaderEvent[] = [];
    this.finishLine(events);
    return events;
  }

  private keep(text: string): void {
    this.length += text.length;
    if (this.length <= this.maxCharacters) this.parts.push(text);
  }

  private finishLine(events: ReaderEvent[]): void {
    const text = this.parts.join("").trim();
    const isTooLong = this.length > this.maxCharacters;
    this.parts = [];
    this.length = 0;
    if (isTooLong) events.push({ kind: "error", row: this.row++, line: this.line, error: tooLong(this.maxCharacters) });
    else if (text !== "") events.push({ kind: "row", row: this.row++, line: this.line, text });
  }
}

const NEWLINE = 10;
const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Cuts the elements out of an array by brackets and strings; what an element holds is not looked at. */
class ArrayReader implements RowReader {
  private readonly maxCharacters: number;
  private line: number;
  private row = 0;
  private parts: string[] = [];
  private length = 0;
  private elementLine = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private closed = false;
  private reportedRest = false;
  /** Columns at which the current line and the first object of the array begin, to find an element that never closed. */
  private indent: number | undefined = undefined;
  private elementIndent: number | undefined = undefined;
  private elementStartsLine = false;

  constructor(firstLine: number, maxCharacters: number) {
    this.line = firstLine;
    this.maxCharacters = maxCharacters;
  }

  push(chunk: string): ReaderEvent[] {
    const events: ReaderEvent[] = [];
    let start = this.depth > 0 || this.isScalar() ? 0 : -1;
    for (let at = 0; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at);
      if (this.closed) {
        this.afterEnd(code, events);
        continue;
      }
      if (code === OPEN_OBJECT && this.startsAnotherElement()) {
        this.keep(chunk.slice(Math.max(0, start), at));
        this.breakElement(events);
        start = -1;
      }
      if (start < 0 && this.beginsElement(code)) start = at;
      if (start >= 0 && this.endsElement(code)) {
        this.keep(chunk.slice(start, this.depth < 0 || code === COMMA ? at : at + 1));
        this.finishElement(events);
        start = -1;
      }
      if (this.depth < 0) this.closed = true;
      this.countLine(code);
    }
    if (start >= 0) this.keep(chunk.slice(start));
    return events;
  }

  end(): ReaderEvent[] {
    const events: ReaderEvent[] = [];
    if (this.depth > 0 || this.isScalar()) this.breakElement(events, "the file ends inside this row");
    else if (!this.closed)
      events.push(this.problem("array-not-closed", "the list is not closed: the file may be cut", this.line));
    return events;
  }

  private isScalar(): boolean {
    return this.depth === 0 && this.length > 0;
  }

  /** Outside of elements: white space and commas are passed over, a closing bracket ends the list. */
  private beginsElement(code: number): boolean {
    if (code === COMMA || code <= 32) return false;
    if (code === CLOSE_LIST) {
      this.closed = true;
      return false;
    }
    this.elementLine = this.line;
    this.elementStartsLine = this.indent !== undefined;
    if (code === OPEN_OBJECT && this.elementIndent === undefined && this.indent !== undefined)
      this.elementIndent = this.indent;
    return true;
  }

  /** Advances the state over one character of an element; true where the element ends with or before it. */
  private endsElement(code: number): boolean {
    if (this.inString) {
      this.advanceString(code);
      return false;
    }
    if (code === QUOTE) this.inString = true;
    else if (code === OPEN_OBJECT || code === OPEN_LIST) this.depth++;
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) return --this.depth <= 0;
    return code === COMMA && this.depth === 0;
  }

  private advanceString(code: number): void {
    if (this.escaped) this.escaped = false;
    else if (code === BACKSLASH) this.escaped = true;
    // A string cannot hold a newline: one that is not closed ends with its line, and the row is found bad when parsed.
    else if (code === QUOTE || code === NEWLINE) this.inString = false;
  }

  /** An object that begins where elements begin, while one is still open: the open one lacks its closing bracket. */
  private startsAnotherElement(): boolean {
    return (
      this.depth > 0 &&
      !this.inString &&
      this.elementStartsLine &&
      this.indent !== undefined &&
      this.indent === this.elementIndent
    );
  }

  private countLine(code: number): void {
    if (code === NEWLINE) {
      this.line++;
      this.indent = 0;
    } else if (this.indent !== undefined) {
      this.indent = code <= 32 ? this.indent + 1 : undefined;
    }
  }

  private keep(text: string): void {
    this.length += text.length;
    if (this.length <= this.maxCharacters) this.parts.push(text);
  }

  /** An element is complete: out it goes. */
  private finishElement(events: ReaderEvent[]): void {
    const text = this.parts.join("").trim();
    const { elementLine: line } = this;
    if (this.length > this.maxCharacters)
      events.push({ kind: "error", row: this.row++, line, error: tooLong(this.maxCharacters) });
    else events.push({ kind: "row", row: this.row++, line, text });
    this.reset();
  }

  /** An element will never be complete: it is named with its first line, and reading goes on. */
  private breakElement(
    events: ReaderEvent[],
    reason = "the row is not closed: a bracket is missing before the next row",
  ): void {
    events.push({ ...this.problem("row-not-closed", reason, this.elementLine), row: this.row++ });
    this.reset();
  }

  private reset(): void {
    this.parts = [];
    this.length = 0;
    this.inString = false;
    this.escaped = false;
    if (this.depth > 0) this.depth = 0;
  }

  private afterEnd(code: number, events: ReaderEvent[]): void {
    if (code > 32 && !this.reportedRest) {
      events.push(
        this.problem("text-after-array", "there is text after the end of the list; it is not read", this.line),
      );
      this.reportedRest = true;
    }
    if (code === NEWLINE) this.line++;
  }

  private problem(code: string, message: string, line: number): Extract<ReaderEvent, { kind: "error" }> {
    const error = toErrorReport(
      new SiftError(code, message, { where: { line }, remedy: "correct the file at this line" }),
    );
    return { kind: "error", row: this.row, line, error };
  }
}
