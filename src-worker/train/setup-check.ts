import { setImmediate } from "node:timers/promises";
import { parseRunConfig } from "#shared/config/index.ts";
import type { Arrangement, ArrangementResult } from "#shared/contract/setup.ts";
import { SiftError } from "#shared/errors.ts";
import { packRows } from "#shared/text/packing.ts";
import type { LayoutJob, WorkerEvent } from "#shared/worker/protocol.ts";
import { layRows } from "./batches.ts";
import type { BatchUnit } from "./sampler.ts";
import { Snapshot } from "./snapshot.ts";
import { Trainer } from "./trainer.ts";

type SetupJob = LayoutJob & { readonly setup: NonNullable<LayoutJob["setup"]> };

/** Loss and gradients of the same rows, laid out in every way that a run may lay them out; nothing is trained. */
export async function runSetupCheck(job: SetupJob, send: (event: WorkerEvent) => void): Promise<void> {
  const snapshot = await Snapshot.open(job.snapshot);
  // what a step draws at random depends on its place in the batch, and is no matter of layout
  const config = { ...parseRunConfig(job.setup.config), lora_dropout: 0, neftune_noise_alpha: null };
  const { modelDir, threads } = job;
  const trainer = await Trainer.open(config, { modelDir, threads, adapterDir: job.setup.adapterDir, resume: null });
  try {
    trainer.leaveZero(config.seed);
    let reference: Measured | undefined;
    const lengths = Array.from({ length: snapshot.rows }, (_, row) => snapshot.rowLength(row));
    for (const [arranged, units] of arrangements(lengths, config.max_length)) {
      await setImmediate(); // messages are delivered between passes
      const { loss, gradNorm } = await trainer.measure(units.map((rows) => layRows(snapshot, rows)));
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) throw notFinite();
      const gradients = await readAll(trainer);
      reference ??= { loss, gradients };
      send({ type: "arrangement", ...compared(arranged, { loss, gradNorm, gradients }, reference) });
    }
  } finally {
    await trainer.dispose();
    snapshot.close();
  }
}

const notFinite = (): SiftError =>
  new SiftError("not-finite", "loss or gradients of these rows are no finite numbers on this model", {
    remedy: "check the model's weights and the weights on tokens",
  });

interface Measured {
  readonly loss: number;
  readonly gradients: readonly Float32Array[];
}

async function readAll(trainer: Trainer): Promise<Float32Array[]> {
  const read: Float32Array[] = [];
  for (const tensor of trainer.gradients()) read.push(Float32Array.from(await tensor.read()));
  return read;
}

/** Splits of the rows as they stand and by length, then blocks as packing makes them. */
function* arrangements(lengths: readonly number[], maxLength: number): Generator<[Arrangement, readonly BatchUnit[]]> {
  const order = [...lengths.keys()];
  const byLength = order.toSorted((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0));
  for (const sorted of [false, true]) {
    const rows = sorted ? byLength : order;
    for (let size = 1; size <= rows.length; size *= 2) {
      const units = Array.from({ length: Math.ceil(rows.length / size) }, (_, i) =>
        rows.slice(i * size, (i + 1) * size),
      );
      yield [{ layout: "split", microBatches: units.length, rows: size, sorted }, units];
    }
  }
  const longest = Math.max(maxLength, ...lengths);
  const blocks = packRows(lengths, { maxLength: longest });
  const most = Math.max(...blocks.map((block) => block.length));
  yield [{ layout: "packed", microBatches: blocks.length, rows: most, sorted: false }, blocks];
}

function compared(
  arranged: Arrangement,
  found: Measured & { readonly gradNorm: number },
  reference: Measured,
): ArrangementResult {
  let [difference, total] = [0, 0];
  for (const [index, gradient] of found.gradients.entries()) {
    const expected = reference.gradients[index];
    for (const [i, value] of gradient.entries()) {
      const wanted = expected?.[i] ?? 0;
      difference += (value - wanted) ** 2;
      total += wanted ** 2;
    }
  }
  return {
    ...arranged,
    loss: found.loss,
    gradNorm: found.gradNorm,
    lossDifference: Math.abs(found.loss - reference.loss) / Math.max(Number.MIN_VALUE, Math.abs(reference.loss)),
    gradientDifference: Math.sqrt(difference) / Math.max(Number.MIN_VALUE, Math.sqrt(total)),
  };
}
