import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { SiftError, toErrorReport } from "#shared/errors.ts";
import { detectShape, parseJson, parseRowText, ROW_SHAPES, type ReaderEvent } from "#shared/text/index.ts";
import type { ImportTable, NewBadRow, NewRow } from "../store/imports.ts";
import { importPrepared, isPrepared, preparedBytes, titleOf } from "../prepared/import.ts";
import { cancelled, type JobProgress } from "../system/jobs.ts";
import { contentHash } from "./hash.ts";
import { readFilePieces, unreadable } from "./file-reader.ts";
import { badRow, type ReadRow } from "./read-row.ts";
import { summariseRow } from "./summary.ts";

export interface ImportRequest {
  readonly files: readonly string[];
  readonly name: string;
  /** The first N rows only. */
  readonly limit?: number | undefined;
  /** Input shape; left out, each row says it itself. */
  readonly format?: string | undefined;
  /** Model folder whose tokenizer spells out the titles of rows that are token ids. */
  readonly tokenizer?: string | undefined;
}

export interface ImportContext {
  readonly table: ImportTable;
  readonly signal: AbortSignal;
  readonly report: (progress: JobProgress) => void;
  readonly at: number;
  readonly began: (datasetKey: number) => void;
  readonly ended: (datasetKey: number) => void;
}

const ANY_FORMAT = "auto";
/** Rows of one transaction. */
const BATCH_ROWS = 1000;

/**
 * Reads files into a new dataset: constant memory, one transaction a batch. Rows that cannot be read are kept with line,
 * reason and raw text. A cancel or an error leaves a hidden dataset behind, which the sweep deletes.
 * @returns the dataset's id
 * @throws SiftError `cancelled`, `file-unreadable`, `file-not-text`, `import-empty`
 */
export async function importFiles(request: ImportRequest, context: ImportContext): Promise<string> {
  requireFormat(request.format);
  const total = await totalSize(request.files);
  context.report({ total, done: 0 });
  const source = request.files.map((file) => basename(file)).join(", ");
  const keys = context.table.begin({ name: request.name, source, at: context.at });
  context.began(keys.dataset);
  try {
    const writer = new BatchWriter(keys.version, request.limit ?? Infinity, context);
    for (const file of request.files) {
      if (isPrepared(file)) await importPrepared(file, writer, titleOf(request.tokenizer));
      else await readFile(file, request.format, writer);
      if (writer.full) break;
    }
    writer.flush();
    if (writer.rows === 0) throw nothingRead(request.files, writer);
    context.report({ done: total });
    return context.table.finish(keys, { hash: writer.contentHash(), rows: writer.rows, badRows: writer.badRows });
  } finally {
    context.ended(keys.dataset);
  }
}

function requireFormat(format: string | undefined): void {
  if (format === undefined || format === ANY_FORMAT || ROW_SHAPES.some((shape) => shape === format)) return;
  throw new SiftError("import-format", `there is no input shape ${format}`, {
    remedy: `one of ${[ANY_FORMAT, ...ROW_SHAPES].join(", ")}`,
  });
}

async function totalSize(files: readonly string[]): Promise<number> {
  let total = 0;
  for (const file of files) {
    const info = await stat(file).catch((error: unknown) => {
      throw unreadable(file, error);
    });
    if (!info.isFile() && !info.isDirectory()) {
      throw new SiftError("file-unreadable", "this is neither a file nor a folder", { where: { file } });
    }
    total += isPrepared(file) ? preparedBytes(file) : info.size;
  }
  return total;
}

/** Collects rows and writes them a batch a transaction. */
class BatchWriter {
  readonly #version: number;
  readonly #limit: number;
  readonly #context: ImportContext;
  readonly #hash = createHash("sha256");
  #batch: NewRow[] = [];
  #bad: NewBadRow[] = [];
  #doneBytes = 0;
  rows = 0;
  badRows = 0;
  firstBad: NewBadRow | undefined;

  constructor(version: number, limit: number, context: ImportContext) {
    this.#version = version;
    this.#limit = limit;
    this.#context = context;
  }

  get full(): boolean {
    return this.rows >= this.#limit;
  }

  /** @returns false when no more rows are wanted */
  add(file: string, read: ReadRow): boolean {
    if (this.full) return false;
    if (read.kind === "bad") {
      const { kind: _, ...bad } = read;
      this.firstBad ??= { file, ...bad };
      this.#bad.push({ file, ...bad });
      this.badRows += 1;
    } else {
      const hash = contentHash(read.raw);
      this.#hash.update(hash);
      const { kind: _, ...row } = read;
      this.#batch.push({ hash, ...row });
      this.rows += 1;
    }
    if (this.#batch.length + this.#bad.length >= BATCH_ROWS) this.flush();
    return !this.full;
  }

  /** After each piece of a file: lets a cancel through and tells how far it is. */
  advance(bytes: number): void {
    if (this.#context.signal.aborted) throw cancelled();
    this.#doneBytes += bytes;
    this.#context.report({ done: this.#doneBytes, rows: this.rows, badRows: this.badRows });
  }

  flush(): void {
    if (this.#batch.length + this.#bad.length === 0) return;
    const firstRow = this.rows - this.#batch.length;
    const firstBad = this.badRows - this.#bad.length;
    this.#context.table.append(this.#version, { rows: this.#batch, firstRow, bad: this.#bad, firstBad });
    this.#batch = [];
    this.#bad = [];
  }

  /** SHA-256 over the rows' content hashes, in order: the same rows give the same version, whatever files they came in. */
  contentHash(): string {
    return this.#hash.digest("hex");
  }
}

async function readFile(file: string, format: string | undefined, writer: BatchWriter): Promise<void> {
  for await (const { events, bytes } of readFilePieces(file)) {
    for (const event of events) if (!writer.add(file, readEvent(event, format ?? ANY_FORMAT))) return;
    writer.advance(bytes);
  }
}

/** A row that parses, or why it does not. */
function readEvent(event: ReaderEvent, format: string): ReadRow {
  const { line } = event;
  if (event.kind === "error") return badRow(line, "", event.error);
  try {
    requireShape(event.text, format);
    return { kind: "row", raw: event.text, line, format, ...summariseRow(parseRowText(event.text)) };
  } catch (error) {
    return badRow(line, event.text, toErrorReport(error));
  }
}

/** Where a shape was asked for, a row of another one is not guessed at. */
function requireShape(raw: string, format: string): void {
  if (format === ANY_FORMAT) return;
  const shape = detectShape(parseJson(raw));
  if (shape === format) return;
  throw new SiftError(
    "row-shape",
    `the row is ${shape === undefined ? "of no known shape" : `of shape ${shape}`}, not ${format}`,
  );
}

function nothingRead(files: readonly string[], writer: BatchWriter): SiftError {
  const bad = writer.firstBad;
  const [file] = files;
  if (!bad) return new SiftError("import-empty", "the file holds no rows", { where: { ...(file ? { file } : {}) } });
  return new SiftError("import-empty", `none of ${writer.badRows} rows could be read; the first: ${bad.reason}`, {
    where: { file: bad.file, line: bad.line },
    remedy:
      bad.remedy ?? "each row needs messages, conversations, instruction and output, text, or input_ids and labels",
  });
}
