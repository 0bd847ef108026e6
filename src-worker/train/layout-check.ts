import { setImmediate } from "node:timers/promises";
import type { LayoutJob, WorkerEvent } from "#shared/worker/protocol.ts";
import { loadModel } from "#worker/models/folder.ts";
import { putModel } from "#worker/train/load.ts";
import { layOut, type MicroBatch } from "#worker/models/layout.ts";
import { openEngine } from "../open-engine.ts";
import { layRows } from "./batches.ts";
import { lossFeeds, lossGraph } from "./loss-graph.ts";
import { Snapshot } from "./snapshot.ts";

interface Losses {
  readonly lossSum: number;
  readonly weightSum: number;
}

/** Scores each pack as a run lays it, and its rows one at a time, through the graph that trains; tells both sums per pack. */
export async function runLayoutJob(job: LayoutJob, send: (event: WorkerEvent) => void): Promise<void> {
  const snapshot = await Snapshot.open(job.snapshot);
  try {
    const losses = await openLosses(job);
    for (const [pack, rows] of job.packs.entries()) {
      const packed = await losses(layRows(snapshot, rows).batch);
      let separate = 0;
      for (const row of rows) {
        await setImmediate(); // messages are delivered between passes
        separate += (await losses(layRows(snapshot, [row]).batch)).lossSum;
      }
      const { lossSum, weightSum } = packed;
      send({ type: "pack-losses", pack, packed: lossSum, separate, weightSum });
    }
  } finally {
    snapshot.close();
  }
}

/** The model's own weights and the loss over them; nothing is allocated for training. The process ends with them. */
async function openLosses(job: LayoutJob): Promise<(batch: MicroBatch) => Promise<Losses>> {
  const engine = openEngine({ engine: "auto", device: "auto", threads: job.threads });
  const model = loadModel(job.modelDir);
  putModel(engine, model, { seed: 0 });
  const program = await engine.compile(lossGraph({ model, trained: [] }));
  return async (batch) => {
    const layout = layOut(batch, model.config);
    if (layout.scored === 0) return { lossSum: 0, weightSum: 0 };
    const outputs = await program.run(lossFeeds(batch, layout, 1));
    return { lossSum: outputs["loss"]?.data[0] ?? NaN, weightSum: layout.weightSum };
  };
}
