import { toErrorReport } from "#shared/errors.ts";
import { parseRaw } from "./parse.ts";
import { summariseRow, type RowFacts } from "./summary.ts";

export type ReadRow =
  | {
      readonly kind: "row";
      readonly raw: string;
      readonly line: number;
      readonly format: string;
      readonly facts: RowFacts;
    }
  | {
      readonly kind: "bad";
      readonly line: number;
      readonly code: string;
      readonly reason: string;
      readonly remedy: string | null;
      readonly raw: string;
    };

/** Turns pieces of a file into rows. */
export interface RowReader {
  push(chunk: Uint8Array): ReadRow[];
  end(): ReadRow[];
}

interface RawRow {
  readonly raw: string;
  readonly line: number;
}

// Stands in for the shared streaming reader until that lands: lines, or one array that is read whole.
export function openReader({ format = "auto" }: { file: string; format?: string }): RowReader {
  const decoder = new TextDecoder("utf-8");
  let text = "";
  let line = 1;
  let isArray: boolean | undefined;
  const take = (last: boolean): RawRow[] => {
    isArray ??= text.trim() === "" ? undefined : text.trimStart().startsWith("[");
    if (isArray) return last ? arrayRows(text) : [];
    const lines = text.split("\n");
    text = last ? "" : (lines.pop() ?? "");
    return lines.map((raw) => ({ raw: raw.replace(/\r$/, ""), line: line++ })).filter(({ raw }) => raw.trim() !== "");
  };
  return {
    push: (chunk) => {
      text += decoder.decode(chunk, { stream: true });
      return take(false).map((row) => readRow(row, format));
    },
    end: () => {
      text += decoder.decode();
      return take(true).map((row) => readRow(row, format));
    },
  };
}

function arrayRows(text: string): RawRow[] {
  const parsed: unknown = JSON.parse(text);
  return Array.isArray(parsed) ? parsed.map((value: unknown) => ({ raw: JSON.stringify(value), line: 1 })) : [];
}

function readRow({ raw, line }: RawRow, format: string): ReadRow {
  try {
    return { kind: "row", raw, line, format, facts: summariseRow(parseRaw(raw, { line, format })) };
  } catch (error) {
    const { code, message, remedy } = toErrorReport(error);
    return { kind: "bad", line, code, reason: message, remedy: remedy ?? null, raw };
  }
}
