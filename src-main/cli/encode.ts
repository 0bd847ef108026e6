import { Option, type Command } from "commander";
import { resolve } from "node:path";
import { formatError, toErrorReport } from "#shared/errors.ts";
import type { ErrorReport } from "#shared/errors.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { IGNORE } from "#shared/text/index.ts";
import type { EncodedRow, EncodeResult } from "#shared/text/index.ts";
import type { RowCoder } from "../core/text/encoding.ts";
import { action, EXIT, newCommand, UsageError } from "./command.ts";
import { fileRows } from "./file-rows.ts";
import type { FileRow } from "./file-rows.ts";
import type { Output } from "./output.ts";
import { encodeSettings, existingFile, openCoder, withTextFlags } from "./text-flags.ts";
import type { TextFlags } from "./text-flags.ts";

/** `sift encode`: ids and labels of every row, a line a row on stdout. Needs no data home. */
export function encodeCommand(): Command {
  const command = withTextFlags(
    newCommand("encode").description(
      "print the token ids and labels of every row as JSONL, or write them as a dataset",
    ),
  )
    .addOption(
      new Option("--format <format>", "jsonl on stdout, or hf: a folder that `datasets.load_from_disk` opens")
        .choices(["jsonl", "hf"])
        .default("jsonl"),
    )
    .option("--output <dir>", "folder to write (--format hf)")
    .addOption(new Option("--output_dir <dir>").hideHelp());
  return action<EncodeFlags>(
    command,
    async ({ options, output }) => {
      const file = existingFile("data", options.data);
      const settings = encodeSettings(options);
      const job = { file, settings, limit: options.limit };
      const { failed, notices } =
        options.format === "hf"
          ? await encodeToFolder(job, requiredFolder(options), output)
          : await encodeFile(job, (line) => output.row(line));
      for (const [code, rows] of notices) output.notice(`${rows.length} × ${code}: ${listRows(rows)}`);
      if (failed > 0) output.notice(`${failed} rows could not be encoded`);
      return failed > 0 ? EXIT.failed : EXIT.ok;
    },
    EXIT.usage,
  );
}

interface EncodeFlags extends TextFlags {
  readonly format: "jsonl" | "hf";
  readonly output?: string;
  readonly output_dir?: string;
}

interface EncodeJob {
  readonly file: string;
  readonly settings: EncodeSettings;
  readonly limit: number | undefined;
}

type Encoded = Awaited<ReturnType<typeof encodeFile>>;

function requiredFolder({ output, output_dir: other }: EncodeFlags): string {
  const folder = output ?? other;
  if (folder === undefined) throw new UsageError("--format hf needs --output DIR, the folder to write");
  return resolve(folder);
}

/** Rows that cannot be encoded are told on stderr and left out. Loss weights get a column only where some are not 1. */
async function encodeToFolder(job: EncodeJob, folder: string, output: Output): Promise<Encoded> {
  const plain = await writeFolder(job, { folder, output, weights: false });
  return plain ?? (await writeFolder(job, { folder, output, weights: true })) ?? { failed: 0, notices: new Map() };
}

/** Undefined where a row has weights and the folder has no column for them. */
async function writeFolder(
  job: EncodeJob,
  { folder, output, weights }: { readonly folder: string; readonly output: Output; readonly weights: boolean },
): Promise<Encoded | undefined> {
  const { HfDatasetWriter } = await import("../core/prepared/hf-writer.ts");
  const writer = await HfDatasetWriter.open(folder, { weights });
  let isWeighted = false;
  try {
    const told: string[] = [];
    const result = await encodeFile(
      job,
      (line) => {
        if (line.error !== undefined) told.push(`row ${line.row}: ${line.error}`);
        return Promise.resolve();
      },
      async (encoded) => {
        isWeighted ||= hasWeights(encoded);
        if (weights || !isWeighted) await writer.add(encoded);
      },
    );
    if (isWeighted && !weights) return undefined;
    for (const text of told) output.notice(text);
    await writer.finish();
    output.result({ folder, rows: writer.rows }, () => `${folder}: ${writer.rows} rows`);
    return result;
  } finally {
    await writer.abandon();
  }
}

interface Line {
  readonly row: number;
  readonly error?: string;
  readonly [column: string]: unknown;
}

/** Encodes every row; lines are what is printed, arrays what else is made of a row. */
async function encodeFile(
  { file, settings, limit }: EncodeJob,
  print: (line: Line) => Promise<void>,
  take?: (encoded: EncodedRow) => Promise<void>,
) {
  const coder = await openCoder(settings);
  /** Code → rows, each once. */
  const notices = new Map<string, number[]>();
  let failed = 0;
  for await (const fileRow of fileRows(file, limit)) {
    const result = encodedOrError(coder, fileRow);
    if ("error" in result) {
      failed++;
      await print({ row: fileRow.row, error: rowError(result.error) });
      continue;
    }
    for (const code of new Set(result.notices.map((notice) => notice.code))) {
      const rows = notices.get(code) ?? [];
      rows.push(fileRow.row);
      notices.set(code, rows);
    }
    if (take) await take(result.encoded);
    else await print(encodedLine(fileRow.row, result.encoded));
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
function encodedLine(row: number, encoded: EncodedRow): Line {
  const { ids, labels, weights, truncatedTokens } = encoded;
  const weighted = hasWeights(encoded);
  return {
    row,
    ids: Array.from(ids),
    labels: Array.from(labels),
    ...(weighted && { weights: Array.from(weights) }),
    ...(truncatedTokens > 0 && { truncated: truncatedTokens }),
  };
}

const hasWeights = ({ weights, labels }: EncodedRow): boolean =>
  weights.some((weight, i) => labels[i] !== IGNORE && weight !== 1);

/** One text, without the row number that stands beside it. */
function rowError({ where, ...report }: ErrorReport): string {
  const { row: _, ...place } = where ?? {};
  return formatError({ ...report, where: place });
}
