import { Option, type Command } from "commander";
import { resolve } from "node:path";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { hasWeights, NoticeCounts } from "../core/data/row-notices.ts";
import type { NoticeCount, RowsResult } from "../core/data/thread-protocol.ts";
import { action, EXIT, newCommand, UsageError } from "./command.ts";
import { fileBatches } from "./file-rows.ts";
import type { Output } from "./output.ts";
import { encodeRows, encodeSettings, existingFile, withTextFlags } from "./text-flags.ts";
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
          : await encodeLines(job, output);
      for (const notice of notices) output.notice(`${notice.count} × ${notice.code}: ${listRows(notice)}`);
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

interface Encoded {
  readonly failed: number;
  readonly notices: readonly NoticeCount[];
}

function requiredFolder({ output, output_dir: other }: EncodeFlags): string {
  const folder = output ?? other;
  if (folder === undefined) throw new UsageError("--format hf needs --output DIR, the folder to write");
  return resolve(folder);
}

/** Rows that cannot be encoded are told on stderr and left out. Loss weights get a column only where some are not 1. */
async function encodeToFolder(job: EncodeJob, folder: string, output: Output): Promise<Encoded> {
  const plain = await writeFolder(job, { folder, output, weights: false });
  return plain ?? (await writeFolder(job, { folder, output, weights: true })) ?? { failed: 0, notices: [] };
}

/** Undefined where a row has weights and the folder has no column for them. */
async function writeFolder(
  job: EncodeJob,
  { folder, output, weights }: { readonly folder: string; readonly output: Output; readonly weights: boolean },
): Promise<Encoded | undefined> {
  const { HfDatasetWriter } = await import("../core/prepared/hf-writer.ts");
  const writer = await HfDatasetWriter.open(folder, { weights });
  try {
    const told: string[] = [];
    const totals = new Totals();
    for await (const result of encodeRows({ settings: job.settings, want: "columns" }, rowsOf(job))) {
      totals.add(result);
      for (const { row, message } of result.errors) told.push(`row ${row}: ${message}`);
      for (const row of result.columns) {
        if (!weights && hasWeights(row)) return undefined;
        await writer.add(row);
      }
    }
    for (const text of told) output.notice(text);
    await writer.finish();
    output.result({ folder, rows: writer.rows }, () => `${folder}: ${writer.rows} rows`);
    return totals.encoded();
  } finally {
    await writer.abandon();
  }
}

async function encodeLines(job: EncodeJob, output: Output): Promise<Encoded> {
  const totals = new Totals();
  for await (const result of encodeRows({ settings: job.settings, want: "lines" }, rowsOf(job))) {
    totals.add(result);
    await output.lines(result.lines);
  }
  return totals.encoded();
}

const rowsOf = ({ file, limit }: EncodeJob): ReturnType<typeof fileBatches> => fileBatches(file, limit);

/** What is told of all rows once they are through. */
class Totals {
  readonly #notices = new NoticeCounts();
  #failed = 0;

  add({ failed, notices }: RowsResult): void {
    this.#failed += failed;
    for (const notice of notices) this.#notices.merge(notice);
  }

  encoded(): Encoded {
    return { failed: this.#failed, notices: this.#notices.list() };
  }
}

function listRows({ rows, count }: NoticeCount): string {
  const rest = count - rows.length;
  return `row${count === 1 ? "" : "s"} ${rows.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
