import { Option, type Command } from "commander";
import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { SiftClient } from "#shared/contract/client.ts";
import type { DatasetSummary, RowDetail } from "#shared/contract/datasets.ts";
import type { Job } from "#shared/contract/system.ts";
import { SiftError } from "#shared/errors.ts";
import { MASK_POLICIES, type MaskPolicy } from "#shared/text/index.ts";
import { fromReport } from "../core/system/reports.ts";
import { action, EXIT, integer, newCommand, UsageError } from "./command.ts";
import type { CommonOptions, ExitCode } from "./command.ts";
import { type Exported, runFile } from "./export-run.ts";
import { findRun } from "./find-run.ts";
import type { Output } from "./output.ts";
import { encodeSettings } from "./text-flags.ts";
import { withHome } from "./with-home.ts";

interface ExportFlags extends CommonOptions {
  readonly output?: string;
  readonly format?: "jsonl" | "hf";
  readonly tokenizer?: string;
  readonly template?: string;
  readonly mask?: MaskPolicy;
  readonly max_length?: number;
}

/** What can be exported: each makes the text of one file, and may put others beside it. */
const EXPORTS: Readonly<Record<string, (client: SiftClient, name: string, target?: string) => Promise<Exported>>> = {
  run: runFile,
  dataset: async (client, name) => ({ text: await datasetLines(client, name) }),
  template: async (client, name) => ({ text: await savedTemplateFile(client, name) }),
  model: modelFiles,
};
const KINDS = "run, dataset or template";

/** `sift export`: a run's record as a run file, a dataset as JSON Lines, a saved template. */
export function exportCommand(): Command {
  const command = newCommand("export")
    .description("export a run's record as YAML for `sift train`, a dataset as JSON Lines, or a saved template")
    .argument("<what>", KINDS)
    .argument("<name>", "id or name")
    .option("--output <file>", "file to write (default: standard output); with --format hf the folder")
    .addOption(
      new Option(
        "--format <format>",
        "of a dataset: rows as JSON Lines, or hf: the folder that `sift encode --format hf` writes",
      )
        .choices(["jsonl", "hf"])
        .default("jsonl"),
    )
    .option("--tokenizer <dir>", "model or tokenizer folder (--format hf)")
    .option("--template <preset|file>", "with --format hf (default: the tokenizer folder's own)")
    .addOption(new Option("--mask <policy>", "with --format hf").choices([...MASK_POLICIES]))
    .option("--max_length <n>", "with --format hf: cut rows at the end after n tokens", integer(1));
  return action<ExportFlags>(command, async ({ options, args, output }) => {
    const [what = "", name = ""] = args;
    const make = EXPORTS[what];
    if (!make) throw new UsageError(`cannot export '${what}': expected ${KINDS}`);
    if (options.format === "hf") return exportFolder(what, { name, options, output });
    const { output: target } = options;
    const made = await withHome(options, (client) => make(client, name, target && resolve(target)));
    await deliver(made, target, output);
    return EXIT.ok;
  });
}

/** A dataset as it would train, reviewed as it is. */
async function exportFolder(
  what: string,
  { name, options, output }: { readonly name: string; readonly options: ExportFlags; readonly output: Output },
): Promise<ExitCode> {
  const { output: folder, tokenizer } = options;
  if (what !== "dataset") throw new UsageError("--format hf exports a dataset");
  if (folder === undefined || tokenizer === undefined) {
    throw new UsageError("--format hf needs --output DIR, the folder to write, and --tokenizer DIR");
  }
  const settings = encodeSettings({ ...options, tokenizer });
  const job = await withHome(options, async (client) => {
    const { version } = findDataset(await client.datasets.list(), name);
    const { jobId } = await client.prepared.export({ versionId: version.id, settings, folder: resolve(folder) });
    let last: Job | undefined;
    for await (const each of await client.system.jobs.watch({ jobId })) last = each;
    return last;
  });
  if (job?.error) throw fromReport(job.error);
  if (job?.state !== "done") throw new SiftError("cancelled", "the export was cancelled");
  if (job.badRows > 0) output.notice(`${job.badRows} rows could not be encoded and are left out`);
  output.result({ folder: resolve(folder), rows: job.rows }, () => `${resolve(folder)}: ${job.rows} rows`);
  return job.badRows > 0 ? EXIT.failed : EXIT.ok;
}

/** Files appear whole or not at all, the main one last, and existing ones are not overwritten. */
async function deliver({ text, beside = {} }: Exported, target: string | undefined, output: Output): Promise<void> {
  if (target === undefined) return void process.stdout.write(text);
  const file = resolve(target);
  const files = [...Object.entries(beside), [file, text] as const];
  for (const [each] of files) {
    if (!existsSync(each)) continue;
    const where = { file: each };
    throw new SiftError("file-exists", "The file exists already.", { where, remedy: "Choose another name." });
  }
  for (const [each, content] of files) {
    await writeFile(`${each}.part`, content);
    await rename(`${each}.part`, each);
  }
  output.result({ file, ...(files.length > 1 ? { beside: Object.keys(beside) } : {}) }, () => file);
}

/** The newest version of a saved template: Jinja, or a form as JSON. */
async function savedTemplateFile(client: SiftClient, wanted: string): Promise<string> {
  const saved = await client.text.saved({});
  const found = saved.find(({ id }) => id === wanted) ?? saved.find(({ name }) => name === wanted);
  if (found) return found.form ? `${JSON.stringify(found.form, null, 2)}\n` : found.source;
  throw new SiftError("no-such-template", `There is no saved template ${wanted}.`, {
    remedy:
      saved.length === 0 ? "The Template view saves them." : `There are: ${saved.map(({ name }) => name).join(", ")}.`,
  });
}

const PAGE_ROWS = 1000;

/** Rows in order: unedited ones as they came in, edited ones as messages, rejected ones not at all. */
async function datasetLines(client: SiftClient, wanted: string): Promise<string> {
  const { version } = findDataset(await client.datasets.list(), wanted);
  const lines: string[] = [];
  for (let offset = 0; ; offset += PAGE_ROWS) {
    const { rows, total } = await client.datasets.rows({ versionId: version.id, offset, limit: PAGE_ROWS });
    for (const row of rows) {
      if (row.verdict === "rejected") continue;
      lines.push(rowLine(await client.datasets.row({ versionId: version.id, rowId: row.id })));
    }
    if (offset + rows.length >= total || rows.length === 0) return lines.map((line) => `${line}\n`).join("");
  }
}

function rowLine({ raw, row, editedMessages, turnVerdicts }: RowDetail): string {
  const changed = editedMessages.length > 0 || turnVerdicts.includes("rejected");
  if (!changed) return JSON.stringify(JSON.parse(raw));
  if (row.kind === "conversation") return JSON.stringify(row.conversation);
  if (row.kind === "text") return JSON.stringify({ text: row.text });
  return JSON.stringify({ input_ids: row.tokens.inputIds, labels: row.tokens.labels });
}

function findDataset(datasets: readonly DatasetSummary[], wanted: string): DatasetSummary {
  const found = datasets.find(({ id }) => id === wanted) ?? datasets.find(({ name }) => name === wanted);
  if (found) return found;
  const names = datasets.map(({ name }) => name).join(", ");
  throw new SiftError("no-such-dataset", `There is no dataset ${wanted}.`, {
    remedy: names === "" ? "`sift import` makes one." : `There are: ${names}.`,
  });
}

async function modelFiles(client: SiftClient, wanted: string): Promise<Exported> {
  const run = findRun(await client.runs.list(), wanted);
  const { outputDir } = await client.runs.get({ runId: run.id });
  throw new SiftError("export-format", "Merged weights, GGUF and Ollama are not exported yet.", {
    where: { file: outputDir },
    remedy: "The run's folder is already in the layout of transformers and PEFT, and their tools open it.",
  });
}
