import type { Command } from "commander";
import { formatError, toErrorReport } from "#shared/errors.ts";
import type { ErrorReport } from "#shared/errors.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { IGNORE } from "#shared/text/index.ts";
import type { EncodedRow, EncodeResult } from "#shared/text/index.ts";
import type { RowCoder } from "../core/text/encoding.ts";
import { action, EXIT, newCommand } from "./command.ts";
import { fileRows } from "./file-rows.ts";
import type { FileRow } from "./file-rows.ts";
import type { Output } from "./output.ts";
import { encodeSettings, existingFile, openCoder, withTextFlags } from "./text-flags.ts";
import type { TextFlags } from "./text-flags.ts";

/** `sift encode`: ids and labels of every row, a line a row on stdout. Needs no data home. */
export function encodeCommand(): Command {
  const command = withTextFlags(
    newCommand("encode").description("print the token ids and labels of every row as JSONL"),
  );
  return action<TextFlags>(
    command,
    async ({ options, output }) => {
      const file = existingFile("data", options.data);
      const settings = encodeSettings(options);
      const { failed, notices } = await encodeFile({ file, settings, limit: options.limit, output });
      for (const [code, rows] of notices) output.notice(`${rows.length} × ${code}: ${listRows(rows)}`);
      if (failed > 0) output.notice(`${failed} rows could not be encoded`);
      return failed > 0 ? EXIT.failed : EXIT.ok;
    },
    EXIT.usage,
  );
}

interface EncodeJob {
  readonly file: string;
  readonly settings: EncodeSettings;
  readonly limit: number | undefined;
  readonly output: Output;
}

async function encodeFile({ file, settings, limit, output }: EncodeJob) {
  const coder = await openCoder(settings);
  /** Code → rows, each once. */
  const notices = new Map<string, number[]>();
  let failed = 0;
  for await (const fileRow of fileRows(file, limit)) {
    const result = encodedOrError(coder, fileRow);
    if ("error" in result) {
      failed++;
      await output.row({ row: fileRow.row, error: rowError(result.error) });
      continue;
    }
    for (const code of new Set(result.notices.map((notice) => notice.code))) {
      const rows = notices.get(code) ?? [];
      rows.push(fileRow.row);
      notices.set(code, rows);
    }
    await output.row(encodedLine(fileRow.row, result.encoded));
  }
  return { failed, notices };
}

/** Rows named on a terminal before the rest is only counted. */
const LISTED_ROWS = 20;

function listRows(rows: readonly number[]): string {
  const rest = rows.length - LISTED_ROWS;
  const listed = rows.slice(0, LISTED_ROWS).join(", ");
  return `row${rows.length === 1 ? "" : "s"} ${listed}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function encodedOrError(coder: RowCoder, fileRow: FileRow): EncodeResult | { readonly error: ErrorReport } {
  if ("error" in fileRow) return fileRow;
  try {
    return coder.encode(fileRow.parsed, fileRow.row);
  } catch (error) {
    return { error: toErrorReport(error) };
  }
}

/** A line of output: labels unshifted; weights only where one is not the usual 1. */
function encodedLine(row: number, encoded: EncodedRow): object {
  const { ids, labels, weights, truncatedTokens } = encoded;
  const weighted = weights.some((weight, i) => labels[i] !== IGNORE && weight !== 1);
  return {
    row,
    ids: Array.from(ids),
    labels: Array.from(labels),
    ...(weighted && { weights: Array.from(weights) }),
    ...(truncatedTokens > 0 && { truncated: truncatedTokens }),
  };
}

/** One text, without the row number that stands beside it. */
function rowError({ where, ...report }: ErrorReport): string {
  const { row: _, ...place } = where ?? {};
  return formatError({ ...report, where: place });
}
