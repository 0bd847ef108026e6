import { SiftError, toErrorReport, type ErrorReport } from "#shared/errors.ts";
import { parseJson, type PretokenizedRow } from "#shared/text/index.ts";
import { isObject } from "#shared/text/rows/fields.ts";
import { documentsOf } from "#shared/text/rows/pretokenized.ts";
import { readFilePieces } from "../data/file-reader.ts";
import { arrowRecords } from "./arrow.ts";
import { preparedFiles, type PreparedFile } from "./folder.ts";
import { parquetRecords } from "./parquet.ts";

/** A row of a prepared set: the documents it holds (several where it is a pack), or why it holds none. `row` counts over all files. */
export type PreparedRow = { readonly row: number; readonly file: string } & Parsed;
type Parsed = { readonly documents: readonly PretokenizedRow[] } | { readonly error: ErrorReport };

/** Rows of a prepared set, a record batch or a piece of a file in memory at a time. @throws SiftError of the folder and its files */
export async function* preparedRows(path: string, split?: string): AsyncGenerator<PreparedRow> {
  let row = 0;
  for (const file of preparedFiles(path, split)) {
    for await (const read of recordsOf(file)) yield { row: row++, file: file.path, ...parsed(read) };
  }
}

/** A record, read when it is asked for; throws what is wrong with it. */
type Read = () => unknown;

async function* recordsOf(file: PreparedFile): AsyncGenerator<Read> {
  if (file.format === "json") {
    yield* jsonRecords(file.path);
    return;
  }
  const records = file.format === "arrow" ? arrowRecords(file.path) : parquetRecords(file.path);
  for await (const record of records) yield (): unknown => record;
}

async function* jsonRecords(path: string): AsyncGenerator<Read> {
  for await (const { events } of readFilePieces(path)) {
    for (const event of events) {
      yield () => {
        if (event.kind === "row") return parseJson(event.text);
        const { code, message, ...rest } = event.error;
        throw new SiftError(code, message, rest);
      };
    }
  }
}

function parsed(read: Read): Parsed {
  try {
    const value = read();
    if (isObject(value) && "input_ids" in value) return { documents: documentsOf(value) };
    throw new SiftError("row-tokens", "the row has no input_ids", { remedy: "give a set that is tokenised already" });
  } catch (error) {
    return { error: toErrorReport(error) };
  }
}
