import { setImmediate } from "node:timers/promises";
import { parseRunConfig } from "#shared/config/index.ts";
import type { MeasureJob, WorkerEvent } from "#shared/worker/protocol.ts";
import { layRows } from "./batches.ts";
import { peakMemoryBytes } from "./memory.ts";
import { Snapshot } from "./snapshot.ts";
import { Trainer } from "./trainer.ts";

/**
 * Makes a few real steps of a run and throws them away: what they take is what the run will take. The first micro-batch is
 * the largest of the run and warms up; a step's time is measured on the others. The process ends afterwards.
 */
export async function runMeasureJob(job: MeasureJob, send: (event: WorkerEvent) => void): Promise<void> {
  const config = parseRunConfig(job.config);
  const snapshot = await Snapshot.open(job.snapshot);
  const opening = performance.now();
  const trainer = await Trainer.open(config, { ...job, resume: null });
  try {
    const loadSeconds = (performance.now() - opening) / 1000;
    const steps: Extract<WorkerEvent, { type: "measured" }>["steps"] = [];
    for (const [step, unit] of job.units.entries()) {
      await setImmediate(); // messages are delivered between steps
      const start = performance.now();
      const batch = layRows(snapshot, unit);
      if (batch.supervisedTokens === 0) continue;
      const { tokens, flops } = await trainer.step([batch], { step, learningRate: 0 });
      steps.push({ tokens, flops, seconds: (performance.now() - start) / 1000 });
    }
    const largest = layRows(snapshot, job.units[0] ?? []).batch;
    const start = performance.now();
    await trainer.evaluate(largest); // compiles
    const compiled = performance.now();
    await trainer.evaluate(largest);
    const seconds = (performance.now() - compiled) / 1000;
    send({
      type: "measured",
      loadSeconds: loadSeconds + Math.max(0, (compiled - start) / 1000 - seconds),
      steps,
      evaluation: { tokens: largest.ids.length, seconds },
      peakMemoryBytes: peakMemoryBytes(),
      checkpointBytes: trainer.savedBytes({ optimizer: true }),
      resultBytes: trainer.savedBytes({ optimizer: false }),
    });
  } finally {
    await trainer.dispose();
    snapshot.close();
  }
}
