import { learningRateFactor, planSteps } from "#shared/config/index.ts";
import type { TrainJob } from "#shared/worker/protocol.ts";
import type { OpenedCheckpoint } from "./checkpoints.ts";
import type { Run } from "./loop.ts";

/** Tells core and train.log what is about to run: device, configuration, parameters, rows, and the first row with its labels. */
export function announce({ run, job, resumed }: { run: Run; job: TrainJob; resumed: OpenedCheckpoint | null }): void {
  const { trainer, plan, data, evaluation } = run;
  const { parameters } = trainer;
  const { name, device, threads, version } = trainer.engine;
  run.send({
    type: "started",
    pid: process.pid,
    engine: name,
    device,
    precision: trainer.precision,
    threads,
    versions: { node: process.versions.node, [name]: version },
  });
  run.send({
    type: "totals",
    totalParameters: parameters.total,
    trainableParameters: parameters.trainable,
    totalSteps: plan.totalSteps,
    stepsPerEpoch: plan.stepsPerEpoch,
    startStep: resumed?.manifest.step ?? 0,
    trainRows: data.rows,
    evalRows: evaluation?.data.rows ?? 0,
  });
  const say = (message: string) => run.log.write("info", "sift.train", message);
  say(`Device: ${device} (engine ${name} ${version}, ${threads} threads)`);
  say(`Precision: ${trainer.precision}`);
  run.log.detail("sift.config", `Configuration: ${JSON.stringify(job.config)}`);
  run.log.detail("sift.config", `Pins: ${JSON.stringify(job.pins)}`);
  say(`Total parameters: ${parameters.total}`);
  say(`Trainable parameters: ${parameters.trainable}`);
  say(`Training rows: ${data.rows}; evaluation rows: ${evaluation?.data.rows ?? 0}`);
  say(`Steps: ${plan.totalSteps}, ${plan.stepsPerEpoch} an epoch, ${plan.warmupSteps} of warm-up`);
  for (const notice of trainer.notices) run.log.write("warning", "sift.model", notice);
  if (resumed) announceResume(run, resumed);
  logFirstRow(run);
}

function announceResume(run: Run, { manifest, path, passedOver }: OpenedCheckpoint): void {
  const { log, trainer, plan } = run;
  for (const each of passedOver) log.write("warning", "sift.train", `Passed over ${each}`);
  log.write("info", "sift.train", `Resuming from ${path} after step ${manifest.step}`);
  if (plan.totalSteps > manifest.totalSteps) log.write("info", "sift.train", extensionText(run, manifest));
  if (manifest.threads === trainer.engine.threads) return;
  const change = `${manifest.threads} threads before, ${trainer.engine.threads} now`;
  log.write("warning", "sift.train", `The curve may differ in its last digits from an uninterrupted run: ${change}`);
}

/** How the schedule goes on: it is laid over the new length. */
function extensionText({ config, plan }: Run, { step, totalSteps }: OpenedCheckpoint["manifest"]): string {
  const rate = (total: number): number =>
    config.learning_rate * learningRateFactor(step, config, planSteps(1, { ...config, max_steps: total }));
  const shown = (value: number): string => String(Number(value.toPrecision(4)));
  const before = `${shown(rate(totalSteps))} on the old one`;
  return `Extended from ${totalSteps} to ${plan.totalSteps} steps: the ${config.lr_scheduler_type} schedule is laid over the new length; the next rate is ${shown(rate(plan.totalSteps))} (${before})`;
}

function logFirstRow({ log, data }: Run): void {
  if (data.rows === 0) return;
  const { ids, labels } = data.read(0);
  log.detail("sift.data", `First row: input_ids: [${ids.join(", ")}]`);
  log.detail("sift.data", `First row: labels: [${labels.join(", ")}]`);
}
