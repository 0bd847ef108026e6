import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { toYaml } from "#shared/config/index.ts";
import type { SiftClient } from "#shared/contract/client.ts";
import type { RunDetail } from "#shared/contract/runs.ts";
import { SiftError } from "#shared/errors.ts";
import { templateFile, templateFileText } from "../core/text/templateChoice.ts";
import { findRun } from "./find-run.ts";

/** A file to write, and those that stand beside it. */
export interface Exported {
  readonly text: string;
  readonly beside?: Readonly<Record<string, string>>;
}

/**
 * Every key with the value that it had, so that later defaults change nothing; into a new folder, from the beginning. A template that
 * was a file's is written beside the record, as the run pinned it.
 * @param target where the record is to be written; undefined: to standard output
 * @throws SiftError `template-changed` where there is no place for the pinned template and its file is another one now
 */
export async function runFile(client: SiftClient, wanted: string, target: string | undefined): Promise<Exported> {
  const run = findRun(await client.runs.list(), wanted);
  const detail = await client.runs.get({ runId: run.id });
  const template = pinnedTemplate(detail, target);
  const entries = detail.config
    .filter(({ key }) => key !== "resume_from_checkpoint" && key !== "overwrite_output_dir")
    .map((entry) => {
      if (entry.key === "output_dir") return { ...entry, value: `${detail.outputDir}-again` };
      return entry.key === "template" && template ? { ...entry, value: template.name } : entry;
    });
  const accepted = detail.waived.map(({ class: name, count }) => `# Waived: --waive ${name} (${count} rows)`);
  const head = [
    `# Run ${run.name} (${run.id}): \`sift train\` on this file reproduces it from the same data and model.`,
    `# It was written to ${detail.outputDir}, and made from`,
    ...Object.entries(detail.pins).map(([key, value]) => `#   ${key}: ${value}`),
    ...accepted,
  ];
  const text = [...head, toYaml(entries, { everything: true })].join("\n");
  return template ? { text, beside: { [join(dirname(target ?? ""), template.name)]: template.text } } : { text };
}

/** The file of a template that has no name of its own; undefined where the record's own value says it. */
function pinnedTemplate(
  { template, config }: RunDetail,
  target: string | undefined,
): { name: string; text: string } | undefined {
  const pinned = templateFileText(template);
  if (!pinned) return undefined;
  if (target !== undefined) {
    const stem = basename(target).replace(/\.ya?ml$/i, "");
    return { name: `./${stem}${pinned.extension}`, text: pinned.text };
  }
  const file = String(config.find(({ key }) => key === "template")?.value);
  if (existsSync(file) && templateFileText(templateFile(file))?.text === pinned.text) return undefined;
  throw new SiftError("template-changed", "the template's file is not what the run was rendered with any more", {
    where: { file },
    remedy: "write the record with --output FILE: the template that the run pinned is put beside it",
  });
}
