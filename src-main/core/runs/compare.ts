import type { Comparison, ConfigEntry, MetricColumns, RunSummary } from "#shared/contract/runs.ts";
import { MASK_KEYS } from "#shared/text/index.ts";
import type { Run } from "../store/runs.ts";
import { bestEvaluation, configText } from "./views.ts";

/** A run with everything that a comparison looks at. */
export interface ComparedRun {
  readonly run: Run;
  readonly summary: RunSummary;
  readonly config: readonly ConfigEntry[];
  readonly metrics: MetricColumns;
}

type Difference = Comparison["differences"][number];

/** Two losses closer than this say nothing (relative). */
const NOISE = 0.005;

/** Settings that the rows above the settings say better, or that only say where things lie. */
const NOT_SETTINGS: ReadonlySet<string> = new Set([
  "model_name_or_path",
  "train_files",
  "output_dir",
  "run_name",
  "project",
  "template",
  "mask",
  ...MASK_KEYS,
  "resume_from_checkpoint",
  "overwrite_output_dir",
]);
/** Pins that decide whether two evaluation losses measure the same thing, in the words of the verdict. */
const SAME_MEASURE = [
  { kind: "mask", words: "masks" },
  { kind: "template", words: "templates" },
] as const;

/** What differs between runs, and in one sentence what can be said about which is better. */
export function compareRuns(compared: readonly ComparedRun[]): Comparison {
  const differences = [...pinned(compared), ...settings(compared)];
  const obstacle = incomparable(compared, differences);
  return {
    runs: compared.map(({ summary }) => summary),
    metrics: compared.map(({ metrics }) => metrics),
    differences,
    comparable: obstacle === null,
    verdict: obstacle ?? verdict(compared),
  };
}

function pinned(compared: readonly ComparedRun[]): Difference[] {
  const rows: Difference[] = [
    difference(
      "data",
      "data",
      compared,
      ({ run }) => run.datasetName,
      ({ run }) => run.pins["data_hash"],
    ),
    difference(
      "template",
      "template",
      compared,
      ({ run }) => run.serving?.name ?? "–",
      ({ run }) => run.pins["template_hash"],
    ),
    difference(
      "mask",
      "mask",
      compared,
      ({ run }) => run.pins["mask"] ?? "–",
      ({ run }) => run.pins["mask"],
    ),
    difference(
      "model",
      "model",
      compared,
      ({ run }) => run.modelName,
      ({ run }) => run.pins["model_hash"],
    ),
  ].flatMap((row) => row ?? []);
  return rows;
}

/** Undefined where the hashes are the same; equal names get a piece of the hash, so that one sees that they differ. */
function difference(
  kind: Difference["kind"],
  key: string,
  compared: readonly ComparedRun[],
  ...[name, hash]: [(run: ComparedRun) => string, (run: ComparedRun) => string | undefined]
): Difference | undefined {
  const hashes = compared.map(hash);
  if (new Set(hashes).size <= 1) return undefined;
  const names = compared.map(name);
  const distinct = new Set(names).size > 1;
  return {
    kind,
    key,
    values: names.map((text, i) => (distinct ? text : `${text} (${hashes[i]?.slice(0, 8) ?? "–"})`)),
  };
}

function settings(compared: readonly ComparedRun[]): Difference[] {
  const keys = [...new Set(compared.flatMap(({ config }) => config.map((entry) => entry.key)))];
  return keys
    .filter((key) => !NOT_SETTINGS.has(key))
    .map((key) => ({
      kind: "setting" as const,
      key,
      values: compared.map(({ config }) => configText(config.find((entry) => entry.key === key)?.value ?? null)),
    }))
    .filter(({ values }) => new Set(values).size > 1);
}

/** Why the losses cannot be compared; null where they can. */
function incomparable(compared: readonly ComparedRun[], differences: readonly Difference[]): string | null {
  const reasons = SAME_MEASURE.filter(({ kind }) => differences.some((row) => row.kind === kind)).map(
    ({ words }) => words,
  );
  const evalSets = new Set(compared.map(({ run }) => run.pins["eval_hash"] ?? ""));
  const all = evalSets.size > 1 ? [...reasons, "evaluation rows"] : reasons;
  if (all.length === 0) return null;
  const list = all.length === 1 ? all[0] : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
  return `These losses cannot be compared: they were measured under different ${list}; score the runs on one evaluation set first.`;
}

function verdict(compared: readonly ComparedRun[]): string {
  const scored = compared.flatMap((entry) => {
    const best = bestEvaluation(entry.metrics);
    return best ? [{ name: entry.run.name, ...best }] : [];
  });
  if (scored.length < compared.length) return withoutEvaluation(compared, scored.length);
  const [best, second] = scored.toSorted((a, b) => a.loss - b.loss);
  if (!best || !second) return "There is one run only.";
  const lead = (second.loss - best.loss) / second.loss;
  const numbers = `${best.loss.toFixed(4)} against ${second.loss.toFixed(4)}`;
  if (lead < NOISE) return `No clear winner: the lowest evaluation losses are within 0.5 % (${numbers}).`;
  return `${best.name} is better on the held-out rows: evaluation loss ${numbers} of ${second.name} (${(100 * lead).toFixed(1)} % lower).`;
}

function withoutEvaluation(compared: readonly ComparedRun[], scored: number): string {
  if (scored > 0) return "Not every run has been evaluated yet, so none can be called better.";
  const some = compared.every(({ metrics }) => metrics.loss.length > 0);
  return some
    ? "Nothing was held out, so only training losses are there; they do not say which model is better."
    : "There is nothing to compare yet: not every run has finished a step.";
}
