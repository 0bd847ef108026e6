import { learningRateFactor } from "#shared/config/index.ts";
import type { StepMetrics } from "#shared/worker/protocol.ts";
import { layRows, type CountedBatch } from "./batches.ts";
import type { Run } from "./loop.ts";
import { peakMemoryBytes } from "./memory.ts";

/** Rows that a record of a skipped step names. */
const NAMED_ROWS = 100;

/** Step k = 0, 1, …: made and told, or skipped and told. @throws SiftError `not-finite` after three skipped in a row */
export async function takeStep(run: Run, step: number): Promise<void> {
  const { config, plan, sampler, trainer } = run;
  const started = performance.now();
  const batches = sampler.step(step).microBatches.map((rows) => layRows(run.data, rows));
  const dataSeconds = (performance.now() - started) / 1000;
  const learningRate = config.learning_rate * learningRateFactor(step, config, plan);
  const result = await trainer.step(batches, { step, learningRate });
  const stepSeconds = (performance.now() - started) / 1000;
  const place = { step: step + 1, epoch: (step + 1) / plan.stepsPerEpoch, learningRate };
  if (result.skipped) return skip(run, { ...place, loss: result.loss, batches });
  const total = (count: (batch: CountedBatch) => number) => batches.reduce((sum, batch) => sum + count(batch), 0);
  run.skips.taken();
  recordStep(run, {
    type: "step",
    ...place,
    loss: result.loss,
    gradNorm: result.gradNorm,
    tokens: total(({ batch }) => batch.ids.length),
    supervisedTokens: total((batch) => batch.supervisedTokens),
    stepSeconds,
    peakMemoryBytes: peakMemoryBytes(),
    flops: result.flops,
    dataSeconds,
  });
}

function recordStep(run: Run, metrics: StepMetrics): void {
  run.send(metrics);
  const due = metrics.step % run.config.logging_steps === 0 || metrics.step === run.plan.totalSteps;
  const entry = run.history.addStep(metrics, due);
  if (!entry) return;
  run.log.detail("sift.train", `Step ${metrics.step}/${run.plan.totalSteps} ${JSON.stringify(entry)}`);
  const { loss, gradNorm, learningRate, epoch } = metrics;
  run.reporter.add(metrics.step, {
    "train/loss": loss,
    "train/grad_norm": gradNorm,
    "train/learning_rate": learningRate,
    "train/epoch": epoch,
  });
}

interface Skipped {
  readonly step: number;
  readonly epoch: number;
  readonly learningRate: number;
  readonly loss: number;
  readonly batches: readonly CountedBatch[];
}

function skip(run: Run, { step, epoch, learningRate, loss, batches }: Skipped): void {
  const what = Number.isFinite(loss) ? "gradient" : "loss";
  const rows = run.data.dataRows(batches.flatMap((batch) => batch.rows));
  const inARow = run.skips.skipped(rows);
  const named = rows.slice(0, NAMED_ROWS);
  run.history.addSkipped({ step, epoch, learningRate, what, rows: named });
  run.send({ type: "skipped", step, epoch, learningRate, what, rows: named, inARow });
  const place = `Step ${step}/${run.plan.totalSteps}`;
  const message = `${place} skipped: the ${what} is no finite number; nothing was changed. Rows: ${named.join(", ")}`;
  run.log.write("warning", "sift.train", message);
  run.skips.check({ step, what, learningRate: run.config.learning_rate });
}
