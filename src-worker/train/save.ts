import { join } from "node:path";
import type { RunConfig, StepPlan } from "#shared/config/index.ts";
import { writeAdapterConfig } from "#shared/formats/adapter-config.ts";
import type { TrainJob, WorkerEvent } from "#shared/worker/protocol.ts";
import { removeOldCheckpoints, writeCheckpoint, writeFinal, type CheckpointContent } from "./checkpoints.ts";
import { writeDurable } from "./files.ts";
import type { History } from "./history.ts";
import type { TrainLog } from "./log.ts";
import { writeServingFiles } from "./serving-files.ts";
import type { Trainer } from "./trainer.ts";

export interface SaverParts {
  readonly job: TrainJob;
  readonly config: RunConfig;
  readonly plan: StepPlan;
  readonly trainer: Trainer;
  readonly history: History;
  readonly log: TrainLog;
  readonly send: (event: WorkerEvent) => void;
}

export interface Saver {
  readonly saveCheckpoint: (step: number) => Promise<void>;
  readonly saveFinal: (step: number) => Promise<void>;
}

/** Writes checkpoints and the final model of a run, and tells of each. */
export function makeSaver(parts: SaverParts): Saver {
  const { job, config, send, log } = parts;
  return {
    saveCheckpoint: async (step) => {
      send({ type: "phase", phase: "saving" });
      const { path, bytes } = await writeCheckpoint(job.outputDir, content(parts, step, { optimizer: true }));
      const removed = removeOldCheckpoints(job.outputDir, config.save_total_limit);
      send({ type: "checkpoint", step, path, bytes, final: false, removed });
      log.detail("sift.train", `Checkpoint ${path} (${bytes} bytes)`);
      send({ type: "phase", phase: "training" });
    },
    saveFinal: async (step) => {
      send({ type: "phase", phase: "saving" });
      const { path, bytes } = await writeFinal(job.outputDir, content(parts, step, { optimizer: false }));
      send({ type: "checkpoint", step, path, bytes, final: true, removed: [] });
      log.write("info", "sift.train", `Saved the trained model in ${path}`);
    },
  };
}

function content(parts: SaverParts, step: number, { optimizer }: { optimizer: boolean }): CheckpointContent {
  const { job, config, plan, trainer, history } = parts;
  return {
    facts: {
      finetuning: config.finetuning_type,
      step,
      totalSteps: plan.totalSteps,
      pins: job.pins,
      config: job.config,
      random: { seed: config.seed, step },
      sinceLastEntry: history.sinceLastEntry,
      threads: trainer.engine.threads,
    },
    state: history.state(config, plan),
    writeFiles: async (folder) => [
      ...(await trainer.save(folder, { optimizer })),
      ...writeAdapter(parts, folder),
      ...writeServingFiles(folder, { ...job, full: config.finetuning_type === "full" }),
    ],
  };
}

function writeAdapter({ job, trainer }: SaverParts, folder: string): string[] {
  if (!trainer.adapter) return [];
  writeDurable(
    join(folder, "adapter_config.json"),
    writeAdapterConfig({ ...trainer.adapter, baseModel: job.modelDir }),
  );
  return ["adapter_config.json"];
}
