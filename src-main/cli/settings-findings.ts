import type { SettingsFinding } from "#shared/contract/adapting.ts";
import type { ReportSettings } from "#shared/report/proofHtml.ts";
import { diffLines } from "#shared/text/departure.ts";
import { table } from "./output.ts";

const REMEDY = "use the model's own, which is taken where --template is left out";
const NAMES = {
  roles: "turns and role names",
  stop: "the stop token",
  system: "the default system text",
  text: "the text",
} as const;
const SIGNS = { same: " ", own: "-", chosen: "+" } as const;

/** Findings about settings as `--json` prints them, apart from those about rows. */
export const settingsJson = (found: readonly SettingsFinding[]) => ({
  settings_findings: found.map((finding) => ({ ...finding, diff: diffLines(finding.own, finding.chosen) })),
});

/** A finding about settings as a person reads it in a terminal. */
export function settingsText({ class: name, message, changes, own, chosen }: SettingsFinding): string {
  const head = `${name} (stops nothing): ${message}`;
  const remedy = `  Repair: ${REMEDY}.`;
  if (changes.length === 0) return `${head}\n${remedy}`;
  const named = changes.map(({ what, own: before, chosen: after }) => {
    return [`  ${NAMES[what]}`, `${JSON.stringify(before)} → ${JSON.stringify(after)}`];
  });
  const diff = diffLines(own, chosen).flatMap(({ kind, text }) => {
    const lines = text.replace(/\n$/, "").split("\n");
    return lines.map((line) => `  ${SIGNS[kind]} ${line}`);
  });
  return [head, table(named), "", ...diff, "", remedy].join("\n");
}

/** The same as a section of a written report. */
export const settingsSection = ({ message, changes, own, chosen }: SettingsFinding): ReportSettings => ({
  title: "The template departs from the model's own",
  note: `${message} Repair: ${REMEDY}.`,
  changes: changes.map(({ what, own: before, chosen: after }) => ({ what: NAMES[what], before, after })),
  heads: ["The model's own", "Chosen"],
  diff: changes.length === 0 ? [] : diffLines(own, chosen),
});
