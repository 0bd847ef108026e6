import type { ErrorReport } from "#shared/errors.ts";
import type { NewBadRow } from "../store/imports.ts";
import type { RowFacts } from "./summary.ts";

/** A row of a file as an import keeps it: read, or with why it cannot be. */
export type ReadRow =
  | ({ readonly kind: "row"; readonly raw: string; readonly line: number; readonly format: string } & RowFacts)
  | ({ readonly kind: "bad" } & Omit<NewBadRow, "file">);

export const badRow = (line: number, raw: string, { code, message, remedy }: ErrorReport): ReadRow => ({
  kind: "bad",
  line,
  code,
  reason: message,
  remedy: remedy ?? null,
  raw,
});

/** What takes the rows of an import, in order. */
export interface RowSink {
  /** @returns false when no more rows are wanted */
  add(file: string, read: ReadRow): boolean;
  /** Bytes that are done since the last call; throws where the import was cancelled. */
  advance(bytes: number): void;
}
