import { resolve } from "node:path";
import type { Command } from "commander";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { action, EXIT, newCommand } from "./command.ts";
import { fileBatches } from "./file-rows.ts";
import { printed, proofText, proveRows, writeReport } from "./proof-run.ts";
import { settingsText } from "./settings-findings.ts";
import { encodeSettings, existingFile, withTextFlags } from "./text-flags.ts";
import type { TextFlags } from "./text-flags.ts";

interface ProveFlags extends TextFlags {
  readonly report?: string;
}

/** `sift prove`: every row is encoded and looked at; 1 if anything was found that the settings do not ask for. Needs no data home. */
export function proveCommand(): Command {
  const command = withTextFlags(newCommand("prove").description("prove a whole dataset before it is trained")).option(
    "--report <file>",
    "write the report as a page (.html) or as JSON with examples (.json)",
  );
  return action<ProveFlags>(
    command,
    async ({ options, output }) => {
      const file = existingFile("data", options.data);
      const settings = encodeSettings(options);
      const proof = await proveRows(fileBatches(file, options.limit), settings);
      const { report } = proof;
      if (options.report !== undefined) {
        const { template } = settings;
        const facts = [
          ["Data", file],
          ["Tokenizer", settings.modelPath],
          ["Template", templateName(template)],
          ["Mask", settings.mask ?? "the template's"],
        ] as const;
        await writeReport(resolve(options.report), proof, facts);
      }
      output.result(printed(proof), () =>
        [proofText(report), ...proof.settingsFindings.map(settingsText)].join("\n\n"),
      );
      return report.findings.some((finding) => finding.by_choice !== true) ? EXIT.failed : EXIT.ok;
    },
    EXIT.usage,
  );
}

function templateName(template: EncodeSettings["template"]): string {
  if (template.kind === "own") return "the model's own";
  return (template.kind === "form" ? template.form.name : template.name) ?? "Jinja";
}
