import type { Command } from "commander";
import { resolve } from "node:path";
import { SiftError } from "#shared/errors.ts";
import type { SiftClient } from "#shared/contract/client.ts";
import type { Job } from "#shared/contract/system.ts";
import { action, EXIT, integer, newCommand } from "./command.ts";
import type { CommonOptions } from "./command.ts";
import { bar, ProgressLine } from "./progress.ts";
import { withHome } from "./with-home.ts";

interface ImportFlags extends CommonOptions {
  readonly name: string;
  readonly limit?: number;
  readonly format?: string;
  readonly tokenizer?: string;
}

/** `sift import`: a file of conversations becomes a dataset of the workbench. */
export function importCommand(): Command {
  const command = newCommand("import")
    .description("import files of conversations, or a folder that another trainer prepared, as a dataset")
    .argument("<file...>")
    .requiredOption("--name <name>", "name of the dataset")
    .option("--limit <n>", "only the first n rows", integer(1))
    .option("--format <format>", "shape of the rows (default: found out)")
    .option("--tokenizer <dir>", "model or tokenizer folder that spells out rows of token ids in lists");
  return action<ImportFlags>(command, async ({ options, args, output }) => {
    const { name, limit, format, tokenizer } = options;
    const request = {
      files: args.map((file) => resolve(file)),
      name,
      ...(limit !== undefined && { limit }),
      ...(format !== undefined && { format }),
      ...(tokenizer !== undefined && { tokenizer: resolve(tokenizer) }),
    };
    return withHome(options, async (client) => {
      const { jobId } = await client.datasets.import(request);
      const job = await watchImport(client, jobId);
      const datasetId = finished(job);
      const dataset = await client.datasets.get({ datasetId });
      const { rows, badRows } = dataset.version;
      output.result(
        { dataset: dataset.id, version: dataset.version.id, name: dataset.name, rows, badRows },
        () =>
          `${dataset.name}: ${rows} rows${badRows > 0 ? `, ${badRows} that could not be read (kept, listed in the workbench)` : ""}`,
      );
      return EXIT.ok;
    });
  });
}

/** Draws the job until it ends; Ctrl-C cancels it, which leaves no half dataset behind. */
async function watchImport(client: SiftClient, jobId: string): Promise<Job> {
  const line = new ProgressLine();
  const cancel = () => void client.system.jobs.cancel({ jobId });
  process.once("SIGINT", cancel);
  let last: Job | undefined;
  for await (const job of await client.system.jobs.watch({ jobId })) {
    last = job;
    const share = job.total === null || job.total === 0 ? 0 : job.done / job.total;
    line.draw(`${bar(share)} ${job.rows} rows${job.badRows > 0 ? `, ${job.badRows} unreadable` : ""}`);
  }
  line.clear();
  process.off("SIGINT", cancel);
  if (!last) throw new SiftError("import-lost", "The import ended without a word.");
  return last;
}

function finished(job: Job): string {
  if (job.state === "done" && job.resultId !== null) return job.resultId;
  if (job.state === "cancelled") throw new SiftError("import-cancelled", "The import was cancelled; nothing was kept.");
  const { code, message, remedy } = job.error ?? { code: "import-failed", message: "The import failed." };
  throw new SiftError(code, message, remedy === undefined ? {} : { remedy });
}
