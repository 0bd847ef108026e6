import type { Command } from "commander";
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { SiftError } from "#shared/errors.ts";
import { action, EXIT, newCommand, UsageError } from "./command.ts";
import type { CommonOptions } from "./command.ts";
import { fileRows } from "./file-rows.ts";
import type { FileRow } from "./file-rows.ts";
import { proofText, proveRows } from "./proof-run.ts";
import { existingFolder } from "./text-flags.ts";

interface AuditFlags extends CommonOptions {
  readonly tokenizer: string;
}

/** `sift audit`: the proof for a set that another trainer has tokenised (`input_ids` and `labels`). */
export function auditCommand(): Command {
  const command = newCommand("audit")
    .description("prove a set of input_ids and labels that another trainer prepared")
    .argument("<folder>", "folder (or file) of JSON Lines rows with input_ids and labels")
    .requiredOption("--tokenizer <dir>", "model or tokenizer folder");
  return action<AuditFlags>(
    command,
    async ({ options, args, output }) => {
      const files = dataFiles(args[0] ?? "");
      const modelPath = existingFolder("tokenizer", options.tokenizer);
      const settings = { modelPath, template: { kind: "own" as const } };
      const report = await proveRows(rowsOf(files), settings, { audit: true });
      output.result(report, () => proofText(report));
      return report.findings.length > 0 ? EXIT.failed : EXIT.ok;
    },
    EXIT.usage,
  );
}

/** Rows of several files are counted on. */
async function* rowsOf(files: readonly string[]): AsyncGenerator<FileRow> {
  let before = 0;
  for (const file of files) {
    let count = 0;
    for await (const fileRow of fileRows(file)) {
      count++;
      yield { ...fileRow, row: before + fileRow.row };
    }
    before += count;
  }
}

const READABLE = /\.jsonl?$/i;
const NOT_YET = /\.(arrow|parquet|safetensors|bin|pt)$/i;

function dataFiles(path: string): string[] {
  const place = resolve(path);
  const stats = statSync(place, { throwIfNoEntry: false });
  if (!stats) throw new UsageError(`there is no folder ${path}`);
  if (stats.isFile()) return [place];
  const names = readdirSync(place).sort();
  const files = names.filter((name) => READABLE.test(name) && !isDescription(name)).map((name) => join(place, name));
  if (files.length > 0) return files;
  const other = names.filter((name) => NOT_YET.test(name));
  throw new SiftError(
    "audit-format",
    `The folder holds no JSON Lines rows${other.length > 0 ? `, only ${other.join(", ")}` : ""}.`,
    {
      where: { file: place },
      remedy: "Arrow and Parquet are not read yet: write the set as JSON Lines (`dataset.to_json(…)`).",
    },
  );
}

/** Files that other tools put beside the rows. */
const isDescription = (name: string): boolean =>
  ["dataset_info.json", "state.json", "dataset_dict.json"].includes(name);
