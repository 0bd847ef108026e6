import type { EncodeSettings } from "#shared/contract/text.ts";
import { formatError, toErrorReport, type ErrorReport } from "#shared/errors.ts";
import { parseRowText, type EncodedRow } from "#shared/text/index.ts";
import { openCoder, type EncodedAll, type RowCoder } from "../text/encoding.ts";
import { applyReview } from "./effective.ts";
import { hasWeights, NoticeCounts } from "./row-notices.ts";
import type { RowsResult, ThreadRow } from "./thread-protocol.ts";

/** Encodes batches of rows for whoever prints or writes them, each row as it is. */
export class RowsEncoder {
  readonly #coder: RowCoder;
  readonly #want: "lines" | "columns";

  /** @throws SiftError of the template, the tokenizer or the model folder */
  constructor(settings: EncodeSettings, want: "lines" | "columns") {
    this.#coder = openCoder(settings);
    this.#want = want;
  }

  encode(rows: readonly ThreadRow[]): RowsResult {
    const lines: string[] = [];
    const columns: EncodedRow[] = [];
    const errors: { row: number; message: string }[] = [];
    const notices = new NoticeCounts();
    for (const row of rows) {
      const result = this.#encodeRow(row);
      if ("error" in result) {
        errors.push({ row: row.index, message: rowError(result.error) });
        lines.push(JSON.stringify({ row: row.index, error: rowError(result.error) }));
        continue;
      }
      notices.add(row.index, result.notices);
      if (this.#want === "lines") lines.push(...result.rows.map((encoded) => encodedLine(row.index, encoded)));
      else columns.push(...result.rows);
    }
    return {
      lines: this.#want === "lines" ? lines.map((line) => `${line}\n`).join("") : "",
      columns: columns.map(({ ids, labels, weights }) => ({ ids, labels, weights })),
      errors,
      failed: errors.length,
      notices: notices.list(),
    };
  }

  #encodeRow({ raw, review, index, error }: ThreadRow): EncodedAll | { error: ErrorReport } {
    if (error) return { error };
    try {
      return this.#coder.encodeAll(applyReview(parseRowText(raw), review), index);
    } catch (problem) {
      return { error: toErrorReport(problem) };
    }
  }
}

/** A line of output: labels unshifted; weights only where one is not the usual 1. */
function encodedLine(row: number, encoded: EncodedRow): string {
  const { ids, labels, weights, truncatedTokens } = encoded;
  const weighted = hasWeights(encoded) ? `,"weights":${JSON.stringify(Array.from(weights))}` : "";
  const truncated = truncatedTokens > 0 ? `,"truncated":${truncatedTokens}` : "";
  return `{"row":${row},"ids":[${ids.join(",")}],"labels":[${labels.join(",")}]${weighted}${truncated}}`;
}

/** One text, without the row number that stands beside it. */
function rowError({ where, ...report }: ErrorReport): string {
  const { row: _, ...place } = where ?? {};
  return formatError({ ...report, where: place });
}
