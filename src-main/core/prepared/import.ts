import { statSync } from "node:fs";
import type { PretokenizedRow } from "#shared/text/index.ts";
import { badRow, type ReadRow, type RowSink } from "../data/read-row.ts";
import { shorten, summariseRow } from "../data/summary.ts";
import { loadTokenizer } from "../models/tokenizer.ts";
import { preparedFiles } from "./folder.ts";
import { preparedRows } from "./rows.ts";

/** Rows after which others get their turn, and a cancel is noticed. */
const PAUSE_ROWS = 500;
/** Ids at the beginning of a row that its title is made of. */
const TITLE_IDS = 96;

/** Whether a path is read as a set that another trainer prepared: a folder, or a file that is not text. */
export const isPrepared = (path: string): boolean =>
  /\.(arrow|parquet)$/i.test(path) || (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);

/** Size of all its files. @throws SiftError of the folder */
export const preparedBytes = (path: string): number =>
  preparedFiles(path).reduce((sum, file) => sum + sizeOf(file.path), 0);

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Spells out the beginning of a row; undefined where no tokenizer is known. @throws SiftError of the tokenizer */
export function titleOf(modelPath: string | undefined): ((row: PretokenizedRow) => string) | undefined {
  if (modelPath === undefined) return undefined;
  const { tokenizer } = loadTokenizer(modelPath);
  return ({ inputIds }) => {
    const known = inputIds.slice(0, TITLE_IDS).filter((id) => id >= 0 && id < tokenizer.vocabularySize);
    return shorten(tokenizer.decode(known.filter((id) => !tokenizer.isSpecial(id))));
  };
}

/**
 * Brings a prepared set in, each document of a pack as a row of its own (its line is the record's place in the set, from 1), so
 * that nothing attends across documents. Padding is left out.
 * @throws SiftError of the folder and its files
 */
export async function importPrepared(
  path: string,
  sink: RowSink,
  title: ((row: PretokenizedRow) => string) | undefined,
): Promise<void> {
  let current: string | undefined;
  for await (const item of preparedRows(path)) {
    if (current !== undefined && current !== item.file) sink.advance(sizeOf(current));
    current = item.file;
    const line = item.row + 1;
    const rows =
      "error" in item ? [badRow(line, "", item.error)] : item.documents.map((each) => row(line, each, title));
    for (const each of rows) if (!sink.add(item.file, each)) return;
    if (line % PAUSE_ROWS !== 0) continue;
    sink.advance(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (current !== undefined) sink.advance(sizeOf(current));
}

function row(line: number, tokens: PretokenizedRow, title: ((row: PretokenizedRow) => string) | undefined): ReadRow {
  const { inputIds, labels, weights } = tokens;
  const raw = JSON.stringify({ input_ids: inputIds, labels, ...(weights ? { weights } : {}) });
  const facts = summariseRow({ kind: "tokens", tokens });
  return { kind: "row", raw, line, format: "pretokenized", ...facts, ...(title ? { title: title(tokens) } : {}) };
}
