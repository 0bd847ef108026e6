import { SiftError } from "../errors.ts";
import { CHECKPOINT_MANIFEST, checkpointStep, type CheckpointManifest } from "./checkpoint.ts";

/** What is in an output folder, read by the caller. */
export interface OutputFolder {
  readonly path: string;
  /** Names of its entries; empty where it does not exist. */
  readonly names: readonly string[];
  /** The manifest in a sub-folder ("" for the folder itself); undefined where there is none or it cannot be read. */
  readonly manifest: (name: string) => CheckpointManifest | undefined;
}

/** What a run does with its output folder. */
export type OutputPlan =
  | { readonly action: "start" }
  /** Goes on from this checkpoint of the folder. */
  | { readonly action: "resume"; readonly checkpoint: string; readonly step: number }
  /** Everything in it is deleted first. */
  | { readonly action: "overwrite"; readonly names: readonly string[] }
  | { readonly action: "finished"; readonly step: number };

/** Files that a run leaves behind before its first checkpoint, or that a system adds; they do not make a folder "in use". */
const HARMLESS = /^(train\.log|runs|\.DS_Store|Thumbs\.db|desktop\.ini|.*\.tmp)$/;

/** Complete checkpoints of the folder, newest first; a folder without a manifest was not finished and is ignored. */
export function completeCheckpoints(folder: OutputFolder): { name: string; step: number }[] {
  return folder.names
    .flatMap((name) => {
      const step = checkpointStep(name);
      return step !== undefined && folder.manifest(name)?.kind === "checkpoint" ? [{ name, step }] : [];
    })
    .sort((a, b) => b.step - a.step);
}

/**
 * A folder that is not empty and holds no checkpoint is refused; one that holds a checkpoint is resumed from its last complete
 * one; a finished run says so; `overwrite` starts anew. @throws SiftError `output-dir-in-use`.
 */
export function planOutput(folder: OutputFolder, options: { overwrite: boolean }): OutputPlan {
  const inUse = folder.names.filter((name) => !HARMLESS.test(name));
  if (options.overwrite) return inUse.length === 0 ? { action: "start" } : { action: "overwrite", names: folder.names };
  const finished = folder.names.includes(CHECKPOINT_MANIFEST) ? folder.manifest("") : undefined;
  if (finished?.kind === "final") return { action: "finished", step: finished.step };
  const [newest] = completeCheckpoints(folder);
  if (newest) return { action: "resume", checkpoint: newest.name, step: newest.step };
  if (inUse.every((name) => checkpointStep(name) !== undefined)) return { action: "start" };
  throw new SiftError(
    "output-dir-in-use",
    `the output folder is not empty (${inUse.slice(0, 3).join(", ")}) and holds no checkpoint`,
    {
      where: { file: folder.path, what: "output_dir" },
      remedy: "Choose another output_dir, or set overwrite_output_dir: true to delete what is in it",
    },
  );
}
