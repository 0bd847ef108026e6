import type { Comparison, MetricColumns } from "#shared/contract/runs.ts";
import { formatLoss, formatPercent } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.svelte.ts";

/** Two losses closer than this say nothing (relative). */
const NOISE = 0.005;

/** Where a run stood at its lowest evaluation loss. */
export function bestEvaluation({ evalStep, evalLoss }: MetricColumns): { step: number; loss: number } | undefined {
  let best: { step: number; loss: number } | undefined;
  evalLoss.forEach((loss, at) => {
    if (Number.isFinite(loss) && (best === undefined || loss < best.loss)) best = { step: evalStep[at] ?? 0, loss };
  });
  return best;
}

/** What core says about the runs, in the language of the interface. */
export function verdictText(comparison: Comparison): string {
  const words = t().compare.verdicts;
  if (!comparison.comparable) return words.notComparable(obstacles(comparison));
  const scored = comparison.runs.flatMap((run, at) => {
    const metrics = comparison.metrics[at];
    const best = metrics && bestEvaluation(metrics);
    return best ? [{ name: run.name, loss: best.loss }] : [];
  });
  if (scored.length < comparison.runs.length) {
    if (scored.length > 0) return words.notAllEvaluated;
    return comparison.metrics.every(({ loss }) => loss.length > 0) ? words.nothingHeldOut : words.nothingYet;
  }
  const [best, second] = [...scored].sort((a, b) => a.loss - b.loss);
  if (!best || !second) return words.nothingYet;
  const lead = (second.loss - best.loss) / second.loss;
  const [loss, other] = [formatLoss(best.loss), formatLoss(second.loss)];
  return lead < NOISE
    ? words.tie(loss, other)
    : words.better(best.name, loss, second.name, other, formatPercent(lead, 1));
}

/** Different rows were measured where neither the mask nor the template explains it. */
function obstacles({ differences }: Comparison): string {
  const words = t().compare.verdicts;
  const kinds = new Set(differences.map(({ kind }) => kind));
  const found = [
    ...(kinds.has("mask") ? [words.masks] : []),
    ...(kinds.has("template") ? [words.templates] : []),
    ...(kinds.has("data") ? [words.evaluationRows] : []),
  ];
  const named = found.length === 0 ? [words.evaluationRows] : found;
  const last = named.slice(-1).join("");
  return named.length === 1 ? last : named.slice(0, -1).join(words.comma) + words.and + last;
}
