import type { ErrorReport } from "#shared/errors.ts";
import { toErrorReport } from "#shared/errors.ts";
import { parseRowText } from "#shared/text/index.ts";
import type { ParsedRow } from "#shared/text/index.ts";
import { readFilePieces } from "../core/data/file-reader.ts";
import type { ThreadRow } from "../core/data/thread-protocol.ts";
import { UNREVIEWED } from "../core/store/reviews.ts";

/** A row of a file, or why it is none. `row` counts from 0 in the array, or among the non-blank lines. */
export type FileRow =
  { readonly row: number; readonly parsed: ParsedRow } | { readonly row: number; readonly error: ErrorReport };

/** Rows of a JSON or JSON Lines file, one piece of it in memory at a time. */
export async function* fileRows(file: string, limit = Infinity): AsyncGenerator<FileRow> {
  let left = limit;
  for await (const { events } of readFilePieces(file)) {
    for (const event of events) {
      if (left-- <= 0) return;
      if (event.kind === "error") yield { row: event.row, error: event.error };
      else yield parsedRow(event.row, event.text);
    }
  }
}

function parsedRow(row: number, text: string): FileRow {
  try {
    return { row, parsed: parseRowText(text) };
  } catch (error) {
    return { row, error: toErrorReport(error) };
  }
}

/** The same rows in batches for threads, unparsed. */
export async function* fileBatches(file: string, limit = Infinity): AsyncGenerator<ThreadRow[]> {
  let left = limit;
  for await (const { events } of readFilePieces(file)) {
    const rows = events.slice(0, left).map((event): ThreadRow => {
      const row = { index: event.row, rowId: "", raw: "", review: UNREVIEWED };
      return event.kind === "error" ? { ...row, error: event.error } : { ...row, raw: event.text };
    });
    left -= rows.length;
    yield rows;
    if (left <= 0) return;
  }
}
