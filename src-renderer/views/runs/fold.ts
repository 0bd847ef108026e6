import type { MetricColumns, RunEvent } from "#shared/contract/runs.ts";

export const noMetrics = (): MetricColumns => ({
  step: [],
  epoch: [],
  loss: [],
  gradNorm: [],
  learningRate: [],
  tokens: [],
  supervisedTokens: [],
  stepSeconds: [],
  evalStep: [],
  evalLoss: [],
});

/** Adds one recorded event to the columns, in place. A start that resumes takes back what lies after its first step. */
export function foldEvent(metrics: MetricColumns, { event }: RunEvent): void {
  if (event.type === "totals") forgetAfter(metrics, event.startStep);
  else if (event.type === "evaluation") {
    metrics.evalStep.push(event.step);
    metrics.evalLoss.push(event.evalLoss);
  } else if (event.type === "step") {
    metrics.step.push(event.step);
    metrics.epoch.push(event.epoch);
    metrics.loss.push(event.loss);
    metrics.gradNorm.push(event.gradNorm);
    metrics.learningRate.push(event.learningRate);
    metrics.tokens.push(event.tokens);
    metrics.supervisedTokens.push(event.supervisedTokens);
    metrics.stepSeconds.push(event.stepSeconds);
  }
}

function forgetAfter(metrics: MetricColumns, step: number): void {
  const steps = metrics.step.findIndex((each) => each > step);
  const evaluations = metrics.evalStep.findIndex((each) => each > step);
  const cut = (columns: readonly (keyof MetricColumns)[], at: number): void => {
    if (at >= 0) for (const column of columns) metrics[column].length = at;
  };
  cut(["step", "epoch", "loss", "gradNorm", "learningRate", "tokens", "supervisedTokens", "stepSeconds"], steps);
  cut(["evalStep", "evalLoss"], evaluations);
}

/** Copies the arrays, so that what draws them sees new ones. */
export const copyMetrics = (metrics: MetricColumns): MetricColumns => ({
  step: [...metrics.step],
  epoch: [...metrics.epoch],
  loss: [...metrics.loss],
  gradNorm: [...metrics.gradNorm],
  learningRate: [...metrics.learningRate],
  tokens: [...metrics.tokens],
  supervisedTokens: [...metrics.supervisedTokens],
  stepSeconds: [...metrics.stepSeconds],
  evalStep: [...metrics.evalStep],
  evalLoss: [...metrics.evalLoss],
});

/** Where a loss is not a number: how often, and the first place; undefined where all are finite. */
export function notFinite(metrics: MetricColumns): { count: number; step: number; value: number } | undefined {
  const bad = metrics.loss.flatMap((value, at) =>
    Number.isFinite(value) ? [] : [{ step: metrics.step[at] ?? 0, value }],
  );
  const [first] = bad;
  return first && { count: bad.length, ...first };
}

/** Tokens a second around each step: the mean over up to `window` steps that end there. */
export function rates(tokens: readonly number[], seconds: readonly number[], window = 10): number[] {
  let [tokenSum, secondSum] = [0, 0];
  return tokens.map((each, at) => {
    tokenSum += each - (at >= window ? (tokens[at - window] ?? 0) : 0);
    secondSum += (seconds[at] ?? 0) - (at >= window ? (seconds[at - window] ?? 0) : 0);
    return secondSum > 0 ? tokenSum / secondSum : Number.NaN;
  });
}
