import type { Command } from "commander";
import { Option } from "commander";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { SiftError } from "#shared/errors.ts";
import { MASK_POLICIES, PRESET_NAMES, type MaskPolicy, type Tokenizer } from "#shared/text/index.ts";
import type { RowCoder } from "../core/text/encoding.ts";
import type { SourceComparer } from "../core/prepared/compare.ts";
import type { AuditReport } from "../core/prepared/audit.ts";
import { action, EXIT, integer, newCommand, UsageError } from "./command.ts";
import type { CommonOptions } from "./command.ts";
import { fileRows } from "./file-rows.ts";
import { table, type Output } from "./output.ts";
import { ProgressLine } from "./progress.ts";
import { proofText } from "./proof-run.ts";
import { encodeSettings, existingFile, openCoder } from "./text-flags.ts";

interface AuditFlags extends CommonOptions {
  readonly tokenizer: string;
  readonly split?: string;
  readonly source?: string;
  readonly template?: string;
  readonly mask?: MaskPolicy;
  readonly max_length?: number;
}

/** `sift audit`: the proof for a set that another trainer has tokenised, and what Sift would have trained instead. */
export function auditCommand(): Command {
  const command = newCommand("audit")
    .description(
      "prove a tokenised set that another trainer prepared: a Hugging Face dataset on disk, Parquet or JSON Lines",
    )
    .argument(
      "<folder>",
      "folder of save_to_disk, or a folder or file of .arrow, .parquet or .jsonl rows with input_ids",
    )
    .requiredOption("--tokenizer <dir>", "model or tokenizer folder")
    .option("--split <name>", "only this split (default: all, rows counted on)")
    .option("--source <file>", "the rows that the set was made from: says what Sift would train differently")
    .option(
      "--template <preset|file>",
      `for --source and to find the turns: ${PRESET_NAMES.join(", ")}, or a Jinja file`,
    )
    .addOption(new Option("--mask <policy>", "for --source: what Sift would train").choices([...MASK_POLICIES]))
    .option("--max_length <n>", "for --source: cut rows at the end after n tokens", integer(1));
  return action<AuditFlags>(
    command,
    async ({ options, args, output }) => {
      const folder = resolve(args[0] ?? "");
      if (!existsSync(folder)) throw new UsageError(`there is no folder ${args[0] ?? ""}`);
      const report = await audit(folder, options, output);
      output.result(report, () => auditText(report));
      return report.findings.length > 0 ? EXIT.failed : EXIT.ok;
    },
    EXIT.usage,
  );
}

async function audit(folder: string, options: AuditFlags, output: Output): Promise<AuditReport> {
  const { auditSet } = await import("../core/prepared/audit.ts");
  const settings = encodeSettings(options);
  const coder = await openCoder(settings);
  const { encoder } = coder;
  if (!encoder) {
    throw new SiftError("tokenizer-missing", "the folder holds no tokenizer.json", {
      where: { file: settings.modelPath },
    });
  }
  const line = new ProgressLine();
  const comparer =
    options.source === undefined ? undefined : await comparerOf(options.source, coder, encoder.tokenizer);
  const report = await auditSet(folder, encoder, {
    split: options.split,
    comparer,
    onRow: (rows) => (rows % 200 === 0 ? line.draw(`${rows} rows`) : undefined),
  });
  line.clear();
  for (const { row, error } of report.unreadable) output.notice(`row ${row}: ${error}`);
  return report;
}

/** Everything that Sift makes of the source, ready to be compared with. */
async function comparerOf(source: string, coder: RowCoder, tokenizer: Tokenizer): Promise<SourceComparer> {
  const { SourceComparer: Comparer, SourceIndex } = await import("../core/prepared/compare.ts");
  const index = new SourceIndex();
  for await (const item of fileRows(existingFile("source", source))) {
    if ("error" in item) continue;
    try {
      const { ids, labels } = coder.encode(item.parsed, item.row).encoded;
      index.add({ row: item.row, ids, labels });
    } catch (error) {
      // A source row without an encoding cannot stand behind a prepared one; `sift encode` says why.
      if (!(error instanceof SiftError)) throw error;
    }
  }
  return new Comparer(index, tokenizer);
}

function auditText(report: AuditReport): string {
  const { source } = report;
  if (!source) return proofText(report);
  const counts = [
    ["same as Sift's", source.same],
    ["other labels", source.labels_differ],
    ["other ids", source.ids_differ],
    ["not from the source", source.unknown],
    ["missing", source.missing],
  ] as const;
  const head = `Compared with ${source.rows} rows of the source:`;
  const shown = source.differences
    .slice(0, 10)
    .map((each) => [
      `row ${each.row}`,
      `token ${each.position}`,
      `theirs ${each.theirs}`,
      `Sift ${each.sift}`,
      `${each.tokens} tokens differ`,
    ]);
  const lines = [proofText(report), head, table(counts.map(([name, count]) => [name, `${count} rows`]))];
  return [...lines, ...(shown.length > 0 ? [table(shown)] : [])].join("\n");
}
