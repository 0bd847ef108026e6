import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import {
  CHECKPOINT_FORMAT,
  CHECKPOINT_MANIFEST,
  checkpointManifest,
  checkpointName,
  checkpointStep,
  resumeDifferences,
  type CheckpointManifest,
} from "#shared/formats/checkpoint.ts";
import { readTrainerState, writeTrainerState, type TrainerState } from "#shared/formats/trainer-state.ts";
import { diskError, fingerprint, publishFolder, syncFile, syncFolder, writeDurable } from "./files.ts";

export const TRAINER_STATE = "trainer_state.json";

/** What the manifest says, besides the files. */
export type ManifestFacts = Omit<CheckpointManifest, "format" | "kind" | "files">;

export interface CheckpointContent {
  readonly facts: ManifestFacts;
  readonly state: TrainerState;
  /** Writes model, configuration and optimizer files into a folder; returns their names. */
  readonly writeFiles: (folder: string) => Promise<readonly string[]>;
}

/**
 * Writes `checkpoint-N`: into a temporary folder, every file flushed, the manifest last, then renamed; a crash at any moment
 * leaves the older checkpoints and at most a `.tmp` folder behind.
 */
export async function writeCheckpoint(
  outputDir: string,
  content: CheckpointContent,
): Promise<{ path: string; bytes: number }> {
  const path = join(outputDir, checkpointName(content.facts.step));
  const temporary = `${path}.tmp`;
  try {
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
    const bytes = await fillFolder(temporary, "checkpoint", content);
    removeFolder(path);
    await publishFolder(temporary, path);
    return { path, bytes };
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw diskError(error, path);
  }
}

/** Writes the finished model and trainer_state.json directly into the output folder, its manifest last. */
export async function writeFinal(
  outputDir: string,
  content: CheckpointContent,
): Promise<{ path: string; bytes: number }> {
  try {
    mkdirSync(outputDir, { recursive: true });
    const bytes = await fillFolder(outputDir, "final", content);
    await syncFolder(outputDir);
    return { path: outputDir, bytes };
  } catch (error) {
    throw diskError(error, outputDir);
  }
}

async function fillFolder(
  folder: string,
  kind: CheckpointManifest["kind"],
  content: CheckpointContent,
): Promise<number> {
  const names = await content.writeFiles(folder);
  writeDurable(join(folder, TRAINER_STATE), writeTrainerState(content.state));
  const files: CheckpointManifest["files"] = {};
  for (const name of [...names, TRAINER_STATE]) {
    await syncFile(join(folder, name));
    files[name] = await fingerprint(join(folder, name));
  }
  const manifest: CheckpointManifest = { format: CHECKPOINT_FORMAT, kind, ...content.facts, files };
  writeDurable(join(folder, CHECKPOINT_MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
}

/**
 * Removes the oldest complete checkpoints beyond `limit` (0 keeps all); returns their paths. The one of step `keep` counts
 * among them and stays, and so does the newest.
 */
export function removeOldCheckpoints(
  outputDir: string,
  { limit, keep }: { limit: number; keep: number | null },
): string[] {
  if (limit === 0) return [];
  const complete = readdirSync(outputDir).filter((name) => existsSync(join(outputDir, name, CHECKPOINT_MANIFEST)));
  const steps = complete.flatMap((name) => checkpointStep(name) ?? []);
  const [newest = 0, ...others] = steps.sort((a, b) => b - a);
  const kept = [...(others.some((step) => step === keep) ? [keep] : []), ...others.filter((step) => step !== keep)];
  const staying = new Set([newest, ...kept.slice(0, Math.max(limit - 1, kept[0] === keep ? 1 : 0))]);
  const old = steps.filter((step) => !staying.has(step));
  const paths = old.map((step) => join(outputDir, checkpointName(step)));
  for (const path of paths) removeFolder(path);
  return paths;
}

/** Takes the name away first: a crash in the middle leaves no half of a checkpoint under a checkpoint's name. */
function removeFolder(path: string): void {
  if (!existsSync(path)) return;
  const leaving = `${path}.old.tmp`;
  rmSync(leaving, { recursive: true, force: true });
  renameSync(path, leaving);
  rmSync(leaving, { recursive: true, force: true });
}

/** What is left of checkpoints that were being written or removed when a worker died. */
export function removeUnfinished(outputDir: string): void {
  if (!existsSync(outputDir)) return;
  const isUnfinished = (name: string) =>
    name.endsWith(".tmp") && checkpointStep(name.replace(/(\.old)?\.tmp$/, "")) !== undefined;
  for (const name of readdirSync(outputDir).filter(isUnfinished))
    rmSync(join(outputDir, name), { recursive: true, force: true });
}

export interface OpenedCheckpoint {
  readonly path: string;
  /** Newer checkpoints that could not be used, each with the reason. */
  readonly passedOver: readonly string[];
  readonly manifest: CheckpointManifest;
  readonly state: TrainerState;
}

/** Opens a checkpoint to resume from: complete, undamaged, and of the same run. @throws SiftError that names what differs. */
export async function openCheckpoint(
  path: string,
  wanted: Pick<ManifestFacts, "config" | "pins">,
): Promise<OpenedCheckpoint> {
  const manifest = readManifest(path);
  const differences = resumeDifferences(manifest, wanted);
  if (differences.length > 0) {
    throw new SiftError(
      "resume-differs",
      `the run cannot go on: it was started with other values of ${differences.join(", ")}`,
      {
        where: { file: path },
        remedy: "Use the same configuration, data and model, or start a new run in another output_dir",
      },
    );
  }
  await verifyFiles(path, manifest);
  return { path, passedOver: [], manifest, state: readTrainerState(readFileSync(join(path, TRAINER_STATE), "utf8")) };
}

/**
 * Opens the checkpoint at `path`, or, where that or a newer one is incomplete or damaged, the newest before it that is
 * neither; those are named. @throws SiftError of the first one where none can be used, `resume-differs` at once
 */
export async function openNewestCheckpoint(
  path: string,
  wanted: Pick<ManifestFacts, "config" | "pins">,
): Promise<OpenedCheckpoint> {
  const passedOver = newerThan(path).map((name) => `${name}: it is incomplete or its manifest cannot be read`);
  let first: unknown;
  for (const candidate of [path, ...olderThan(path)]) {
    try {
      return { ...(await openCheckpoint(candidate, wanted)), passedOver };
    } catch (error) {
      if (!(error instanceof SiftError) || !UNUSABLE.includes(error.code)) throw error;
      first ??= error;
      passedOver.push(`${basename(candidate)}: ${error.message}`);
    }
  }
  throw first;
}

const UNUSABLE = ["checkpoint-missing", "checkpoint-damaged"];

function neighbours(path: string, wanted: (step: number, own: number) => boolean): string[] {
  const [folder, own] = [dirname(path), checkpointStep(basename(path))];
  if (own === undefined || !existsSync(folder)) return [];
  const steps = readdirSync(folder).flatMap((name) => checkpointStep(name) ?? []);
  return steps
    .filter((step) => wanted(step, own))
    .sort((a, b) => b - a)
    .map(checkpointName);
}
const newerThan = (path: string): string[] => neighbours(path, (step, own) => step > own);
const olderThan = (path: string): string[] =>
  neighbours(path, (step, own) => step < own).map((name) => join(dirname(path), name));

/** @throws SiftError `checkpoint-missing`, `checkpoint-damaged` for one that is not as it was written */
export async function verifyCheckpoint(path: string): Promise<void> {
  await verifyFiles(path, readManifest(path));
}

async function verifyFiles(path: string, manifest: CheckpointManifest): Promise<void> {
  for (const [name, expected] of Object.entries(manifest.files)) await verifyFile(path, name, expected);
}

function readManifest(path: string): CheckpointManifest {
  const file = join(path, CHECKPOINT_MANIFEST);
  if (!existsSync(file)) {
    const message = existsSync(path)
      ? "the checkpoint is incomplete: it has no manifest"
      : "there is no such checkpoint";
    throw new SiftError("checkpoint-missing", message, { where: { file: path, what: "resume_from_checkpoint" } });
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), checkpointManifest), readFileSync(file, "utf8"));
  if (parsed.success) return parsed.output;
  throw new SiftError("checkpoint-damaged", `the manifest cannot be read: ${parsed.issues[0].message}`, {
    where: { file },
  });
}

async function verifyFile(path: string, name: string, expected: { bytes: number; sha256: string }): Promise<void> {
  const file = join(path, name);
  const found = existsSync(file) ? await fingerprint(file) : undefined;
  if (found?.bytes === expected.bytes && found.sha256 === expected.sha256) return;
  throw new SiftError(
    "checkpoint-damaged",
    `${name} of the checkpoint is ${found ? "not what was written" : "missing"}`,
    {
      where: { file },
      remedy: "Resume from an older checkpoint with resume_from_checkpoint",
    },
  );
}
