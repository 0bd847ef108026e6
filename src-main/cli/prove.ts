import type { Command } from "commander";
import { action, EXIT, newCommand } from "./command.ts";
import { fileBatches } from "./file-rows.ts";
import { proofText, proveRows } from "./proof-run.ts";
import { encodeSettings, existingFile, withTextFlags } from "./text-flags.ts";
import type { TextFlags } from "./text-flags.ts";

/** `sift prove`: every row is encoded and looked at; 1 if anything was found. Needs no data home. */
export function proveCommand(): Command {
  const command = withTextFlags(newCommand("prove").description("prove a whole dataset before it is trained"));
  return action<TextFlags>(
    command,
    async ({ options, output }) => {
      const file = existingFile("data", options.data);
      const report = await proveRows(fileBatches(file, options.limit), encodeSettings(options));
      output.result(report, () => proofText(report));
      return report.findings.length > 0 ? EXIT.failed : EXIT.ok;
    },
    EXIT.usage,
  );
}
