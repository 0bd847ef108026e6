import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { RecordBatchReader, type RecordBatch } from "apache-arrow";
import { SiftError } from "#shared/errors.ts";
import { listsOf, plainCell, type TokenRecord } from "./columns.ts";

/** What the random-access form of Arrow begins with; `datasets` writes the streaming form, which does not. */
const FILE_MAGIC = "ARROW1";

/** Rows of an Arrow file, one record batch in memory at a time. @throws SiftError `prepared-damaged`, `prepared-columns` */
export async function* arrowRecords(file: string): AsyncGenerator<TokenRecord> {
  let batchNumber = 0;
  const damaged = (error: unknown): SiftError =>
    new SiftError(
      "prepared-damaged",
      `record batch ${batchNumber + 1} of the Arrow file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { where: { file }, cause: error, remedy: "copy the file again, or have its trainer write it again" },
    );
  const reader = await openReader(file).catch((error: unknown) => {
    throw damaged(error);
  });
  try {
    const batches = reader[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.resolve(batches.next()).catch((error: unknown) => {
        throw damaged(error);
      });
      if (next.done) return;
      yield* batchRecords(next.value, file);
      batchNumber++;
    }
  } finally {
    await reader.cancel();
  }
}

interface BatchReader extends AsyncIterable<RecordBatch> {
  cancel(): Promise<void> | void;
}

async function openReader(file: string): Promise<BatchReader> {
  const handle = await open(file, "r");
  const { buffer } = await handle.read(Buffer.alloc(FILE_MAGIC.length), 0, FILE_MAGIC.length, 0);
  if (buffer.toString("latin1") === FILE_MAGIC) return RecordBatchReader.from(handle) as Promise<BatchReader>;
  await handle.close();
  const reader = await RecordBatchReader.from(createReadStream(file));
  await reader.open();
  return reader;
}

function* batchRecords(batch: RecordBatch, file: string): Generator<TokenRecord> {
  const columns = listsOf(
    batch.schema.fields.map(({ name }) => name),
    file,
  );
  const vectors = columns.map((name) => [name, batch.getChild(name)] as const);
  for (let row = 0; row < batch.numRows; row++) {
    const record: Record<string, unknown> = {};
    for (const [name, vector] of vectors) {
      const value: unknown = vector?.get(row);
      if (value !== null && value !== undefined) record[name] = plainCell(value);
    }
    yield record;
  }
}
