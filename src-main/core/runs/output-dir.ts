import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import {
  CHECKPOINT_MANIFEST,
  checkpointManifest,
  checkpointStep,
  lengthChange,
  resumeDifferences,
  type CheckpointManifest,
} from "#shared/formats/checkpoint.ts";

/** A complete checkpoint: one with a manifest. */
export interface FoundCheckpoint {
  readonly path: string;
  readonly step: number;
  readonly manifest: CheckpointManifest;
}

export interface OutputRequest {
  readonly outputDir: string;
  /** `resume_from_checkpoint`: a folder, or null for the rules below. */
  readonly resumeFrom: string | null;
  readonly overwrite: boolean;
  /** A finished run goes on where this makes it longer. */
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Decides how a run begins in its output folder: anew (null), or from a checkpoint. An explicit one wins; a folder that
 * holds checkpoints is resumed from its last complete one, a finished run only to be extended; any other folder with
 * something in it is refused.
 * @throws SiftError `run-finished`, `output-dir-not-empty`, `checkpoint-missing`, `checkpoint-damaged`
 */
export function chooseStart({ outputDir, resumeFrom, overwrite, config }: OutputRequest): FoundCheckpoint | null {
  if (resumeFrom !== null) return requireCheckpoint(resumeFrom);
  if (overwrite) return null;
  const names = entriesOf(outputDir);
  if (names.length === 0) return null;
  const final = readManifest(outputDir);
  const last = lastCheckpoint(outputDir);
  if (final?.kind === "final" && !(last && goesOn(final, config))) throw finished(outputDir, final);
  if (last) return last;
  throw new SiftError("output-dir-not-empty", "the output folder is not empty and holds no checkpoint", {
    where: { file: outputDir, what: "output_dir" },
    remedy: "choose another output_dir, or set overwrite_output_dir to true",
  });
}

/** More steps than the finished run has, or the end of an early stop. */
function goesOn(final: CheckpointManifest, config: Readonly<Record<string, unknown>>): boolean {
  const patience = "early_stopping_patience";
  const lifted = final.step < final.totalSteps && (config[patience] ?? null) !== (final.config[patience] ?? null);
  return lengthChange(final, { config }) === "longer" || lifted;
}

/**
 * The complete checkpoint with the most steps. Those without a manifest, or with one that cannot be read, are passed over; the
 * worker names them. @throws SiftError `checkpoint-damaged` where that leaves none
 */
export function lastCheckpoint(outputDir: string): FoundCheckpoint | undefined {
  let damage: SiftError | undefined;
  const found = entriesOf(outputDir).flatMap((name): FoundCheckpoint[] => {
    const step = checkpointStep(name);
    const path = join(outputDir, name);
    if (step === undefined) return [];
    try {
      const manifest = readManifest(path);
      return manifest ? [{ path, step, manifest }] : [];
    } catch (error) {
      if (!(error instanceof SiftError)) throw error;
      damage ??= error;
      return [];
    }
  });
  const last = found.toSorted((a, b) => b.step - a.step)[0];
  if (!last && damage) throw damage;
  return last;
}

/** @throws SiftError `checkpoint-missing` for a path that leads to no complete checkpoint */
export function requireCheckpoint(path: string): FoundCheckpoint {
  const manifest = readManifest(path);
  if (manifest?.kind === "checkpoint") return { path, step: manifest.step, manifest };
  const inside = lastCheckpoint(path);
  if (inside) return inside;
  const message = existsSync(path)
    ? "this folder is no complete checkpoint: it has no manifest"
    : "there is no such checkpoint";
  throw new SiftError("checkpoint-missing", message, {
    where: { file: path, what: "resume_from_checkpoint" },
    remedy: "name a checkpoint-N folder, or leave resume_from_checkpoint out",
  });
}

/** @throws SiftError `resume-differs` that names every setting, and every pinned hash, that is another one now */
export function requireSameRun(
  checkpoint: FoundCheckpoint,
  wanted: { config: Readonly<Record<string, unknown>>; pins: Readonly<Record<string, string>> },
): void {
  const differences = resumeDifferences(checkpoint.manifest, wanted);
  if (differences.length === 0) return;
  throw new SiftError(
    "resume-differs",
    `the run cannot go on, other values made its checkpoint: ${differences.join(", ")}`,
    {
      where: { file: checkpoint.path },
      remedy: "use the same configuration, data and model, or start a new run in another output_dir",
    },
  );
}

const finished = (outputDir: string, manifest: CheckpointManifest): SiftError =>
  new SiftError("run-finished", `this run has finished after ${manifest.step} of ${manifest.totalSteps} steps`, {
    where: { file: outputDir, what: "output_dir" },
    remedy:
      "extend it with a larger num_train_epochs or max_steps, choose another output_dir, or set overwrite_output_dir",
  });

function readManifest(folder: string): CheckpointManifest | undefined {
  const file = join(folder, CHECKPOINT_MANIFEST);
  if (!existsSync(file)) return undefined;
  try {
    return v.parse(checkpointManifest, JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SiftError("checkpoint-damaged", `the manifest cannot be read: ${message}`, { where: { file } });
  }
}

function entriesOf(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder);
}
