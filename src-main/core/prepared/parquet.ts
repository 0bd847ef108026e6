import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { SiftError } from "#shared/errors.ts";
import { listsOf, plainCell, type TokenRecord } from "./columns.ts";

/** Rows that are decoded at a time; a row group may hold a million. */
const PAGE_ROWS = 2000;

/** Rows of a Parquet file, a page of them in memory at a time. @throws SiftError `prepared-damaged`, `prepared-columns` */
export async function* parquetRecords(path: string): AsyncGenerator<TokenRecord> {
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const names = metadata.schema.map(({ name }) => name);
    const columns = listsOf(names, path);
    const total = Number(metadata.num_rows);
    for (let start = 0; start < total; start += PAGE_ROWS) {
      const rowEnd = Math.min(total, start + PAGE_ROWS);
      const rows = await parquetReadObjects({ file, metadata, columns, rowStart: start, rowEnd, compressors });
      for (const row of rows) yield plainRecord(row);
    }
  } catch (error) {
    if (error instanceof SiftError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new SiftError("prepared-damaged", `the Parquet file cannot be read: ${message}`, {
      where: { file: path },
      cause: error,
      remedy: "copy the file again, or have its trainer write it again",
    });
  }
}

function plainRecord(row: Readonly<Record<string, unknown>>): TokenRecord {
  const record: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    if (value === null || value === undefined) continue;
    record[name] = plainCell(value);
  }
  return record;
}
