import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { planSteps, toCommand, toYaml, type ResolvedConfig } from "#shared/config/index.ts";
import type { ConfigEntry, ConfigValue, PlanPreview } from "#shared/contract/runs.ts";
import type { Proof, TemplateChoice } from "#shared/contract/text.ts";
import type { RunConfig } from "#shared/config/index.ts";
import { textHash } from "../text/report.ts";
import { templateFileText, templateText } from "../text/templateChoice.ts";
import { freeFolder } from "../system/free-folder.ts";
import { resolveLayers } from "./resolve.ts";

/** What the form holds. */
export interface Draft {
  readonly versionId: string;
  readonly modelPath: string;
  readonly template: TemplateChoice;
  readonly values: Readonly<Record<string, ConfigValue>>;
}
export interface DraftContext {
  readonly datasetName: string;
  /** Rows that train as they are now. */
  readonly rows: number;
  /** Where runs of the workbench go. */
  readonly runsFolder: string;
  /** Where template texts are kept, so that a run file can name them. */
  readonly templatesFolder: string;
}

/** Keys that the form's pickers set; what `values` says about them does not count. */
const PICKED = ["model_name_or_path", "train_files", "template"] as const;

/** The draft with every key resolved. The output folder is a new one unless the form names it. */
export function resolveDraft(draft: Draft, context: DraftContext): ResolvedConfig {
  const { values } = draft;
  const name = typeof values["run_name"] === "string" ? values["run_name"] : context.datasetName;
  const chosenFolder = typeof values["output_dir"] === "string" && values["output_dir"] !== "";
  const layer = {
    source: "form" as const,
    values: {
      ...withoutEmpty(values),
      model_name_or_path: draft.modelPath,
      train_files: [context.datasetName],
      template: templateValue(draft.template, context.templatesFolder),
      ...(chosenFolder ? {} : { output_dir: freeFolder(context.runsFolder, name) }),
    },
  };
  const resolved = resolveLayers([layer], context.rows);
  if (chosenFolder) return resolved;
  return { ...resolved, entries: resolved.entries.map(asDefaultFolder) };
}

function asDefaultFolder(entry: ConfigEntry): ConfigEntry {
  if (entry.key !== "output_dir") return entry;
  const reason = "A new folder in Sift's data home.";
  return { ...entry, source: "default", defaultValue: entry.value, reason };
}

/** A field that was cleared is a key that is not given. */
const withoutEmpty = (values: Draft["values"]): Record<string, ConfigValue> =>
  Object.fromEntries(
    Object.entries(values).filter(([key, value]) => value !== null && value !== "" && !PICKED.some((p) => p === key)),
  );

/** `own`, a preset's name, or a file that holds the text or form: content-addressed, so that it never changes under a run. */
function templateValue(choice: TemplateChoice, folder: string): string {
  const named = templateText(choice);
  if (named !== undefined) return named;
  const { extension, text } = templateFileText(choice) ?? { extension: ".jinja", text: "" };
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${textHash(text).slice(0, 16)}${extension}`);
  writeFileSync(file, text);
  return file;
}

/** The plan as the form shows it. @param proof of this version under these settings, where there is one */
export function planPreview(
  resolved: ResolvedConfig,
  rows: number,
  proof: Proof | null,
): Omit<PlanPreview, "forecast" | "room"> {
  const { config } = resolved;
  const used = config === null ? rows : Math.min(rows, config.max_samples ?? Infinity);
  const evalRows = config === null ? null : heldOutRows(config, used);
  const entries = [...resolved.entries];
  return {
    entries,
    problems: [...resolved.problems, ...resolved.notices].map(({ key, message, remedy }) => ({ key, message, remedy })),
    yaml: toYaml(entries),
    command: toCommand(entries),
    rows: used,
    evalRows,
    steps: config && evalRows !== null ? plannedSteps(config, { rows: used, evalRows, proof }) : null,
  };
}

export function heldOutRows(config: RunConfig, rows: number): number {
  if (config.eval_files.length > 0 || config.eval_split <= 0 || rows < 2) return 0;
  return Math.max(1, Math.round(config.eval_split * rows));
}

/** Share of a packed block that rows fill (src-shared/text/packing.ts). */
const PACKED_SHARE = 0.98;

/** Exact without packing; with it from the tokens that the proof counted, null before there is one. */
function plannedSteps(config: RunConfig, data: { rows: number; evalRows: number; proof: Proof | null }): number | null {
  const trainRows = data.rows - data.evalRows;
  if (config.max_steps !== null) return config.max_steps;
  if (config.packing && (!data.proof || data.proof.rows === 0)) return null;
  const trainTokens = data.proof ? (data.proof.tokens * trainRows) / data.proof.rows : 0;
  return planSteps(unitsOf(config, { trainRows, trainTokens }), config).totalSteps;
}

/** Rows, or with packing the blocks that they will fill. */
export function unitsOf(config: RunConfig, rows: { trainRows: number; trainTokens: number }): number {
  if (!config.packing) return rows.trainRows;
  return Math.max(1, Math.ceil(rows.trainTokens / (PACKED_SHARE * config.max_length)));
}
