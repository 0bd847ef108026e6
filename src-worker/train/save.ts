import { join } from "node:path";
import type { RunConfig, StepPlan } from "#shared/config/index.ts";
import { writeAdapterConfig } from "#shared/formats/adapter-config.ts";
import type { TrainJob, WorkerEvent } from "#shared/worker/protocol.ts";
import type { Best } from "./best.ts";
import { removeOldCheckpoints, writeCheckpoint, writeFinal, type CheckpointContent } from "./checkpoints.ts";
import type { RunControl } from "./control.ts";
import { writePatiently, type DiskPauses } from "./disk.ts";
import { writeDurable } from "./files.ts";
import type { History } from "./history.ts";
import type { TrainLog } from "./log.ts";
import { servingBytes, writeServingFiles } from "./serving-files.ts";
import type { Skips } from "./skips.ts";
import type { Trainer } from "./trainer.ts";

export interface SaverParts {
  readonly job: TrainJob;
  readonly config: RunConfig;
  readonly plan: StepPlan;
  readonly trainer: Trainer;
  readonly history: History;
  readonly best: Best;
  readonly skips: Skips;
  readonly control: RunControl;
  readonly log: TrainLog;
  readonly send: (event: WorkerEvent) => void;
}

export interface Saver {
  readonly saveCheckpoint: (step: number) => Promise<void>;
  /** False where the run was stopped while the disk was full. */
  readonly saveFinal: (step: number) => Promise<boolean>;
}

/** Configuration and curves beside tensors and tokenizer. */
const SMALL_FILES_BYTES = 4 << 20;

/** Writes checkpoints and the final model of a run, and tells of each. */
export function makeSaver(parts: SaverParts): Saver {
  const { job, config, send, log, trainer, best, control } = parts;
  const pauses: DiskPauses = { control, send, outputDir: job.outputDir };
  const needed = (optimizer: boolean): number =>
    trainer.savedBytes({ optimizer }) + servingBytes(job.modelDir) + SMALL_FILES_BYTES;
  return {
    saveCheckpoint: async (step) => {
      send({ type: "phase", phase: "saving" });
      const write = () => writeCheckpoint(job.outputDir, content(parts, step, { optimizer: true }));
      const written = await writePatiently(pauses, { step, neededBytes: needed(true), write });
      if (!written) {
        log.write("warning", "sift.train", `No checkpoint after step ${step}: stopped while the disk was full`);
        return;
      }
      const { path, bytes } = written;
      const removed = removeOldCheckpoints(job.outputDir, { limit: config.save_total_limit, keep: best.keptStep });
      send({ type: "checkpoint", step, path, bytes, final: false, removed });
      log.detail("sift.train", `Checkpoint ${path} (${bytes} bytes)`);
      send({ type: "phase", phase: "training" });
    },
    saveFinal: async (step) => {
      send({ type: "phase", phase: "saving" });
      const write = () => writeFinal(job.outputDir, content(parts, step, { optimizer: false }));
      const written = await writePatiently(pauses, { step, neededBytes: needed(false), write });
      if (!written) return false;
      const { path, bytes } = written;
      send({ type: "checkpoint", step, path, bytes, final: true, removed: [] });
      log.write("info", "sift.train", `Saved the trained model in ${path}`);
      return true;
    },
  };
}

function content(parts: SaverParts, step: number, { optimizer }: { optimizer: boolean }): CheckpointContent {
  const { job, config, plan, trainer, history, best, skips } = parts;
  return {
    facts: {
      finetuning: config.finetuning_type,
      step,
      totalSteps: plan.totalSteps,
      updates: trainer.updates,
      skippedInARow: skips.rows.map((rows) => [...rows]),
      pins: job.pins,
      config: job.config,
      random: { seed: config.seed, step },
      sinceLastEntry: history.sinceLastEntry,
      threads: trainer.engine.threads,
    },
    state: { ...history.state(config, plan), ...best.state() },
    writeFiles: async (folder) => [
      ...(await trainer.save(folder, { optimizer })),
      ...writeAdapter(parts, folder),
      ...writeServingFiles(folder, { ...job, full: config.finetuning_type !== "lora" }),
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
