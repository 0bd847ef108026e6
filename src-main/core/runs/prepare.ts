import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { RunConfig } from "#shared/config/index.ts";
import type { Measurement } from "#shared/contract/forecast.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import { CHECKPOINT_MANIFEST, checkpointStep } from "#shared/formats/checkpoint.ts";
import { MASK_POLICIES, maskRules, ruleInEnglish } from "#shared/text/index.ts";
import { openCoder } from "../text/encoding.ts";
import { departureOf } from "../text/departures.ts";
import { WORKER_PROTOCOL, type ServingTemplate, type TrainJob } from "#shared/worker/protocol.ts";
import { snapshotManifest, type SnapshotManifest } from "#shared/worker/snapshot.ts";
import type { RunSources } from "../data/source.ts";
import { modelHash } from "../models/hash.ts";
import type { Run } from "../store/runs.ts";
import type { Store } from "../store/index.ts";
import { chooseBatch, withBatch } from "./auto-batch.ts";
import { unitsOf } from "./draft.ts";
import { encodeRun, type EncodedRun } from "./encode-run.ts";
import { measureRun } from "./measure.ts";
import { requireCheckpoint, requireSameRun } from "./output-dir.ts";
import { samplePromptIds } from "./samples.ts";
import { configOf } from "./settings.ts";
import { servingTemplate } from "./serving-template.ts";
import { computeThreads } from "../system/threads.ts";

export interface PrepareParts {
  readonly store: Store;
  /** Folder under which each run has its snapshots. */
  readonly snapshots: string;
  /** Folder where tokenised rows are kept. */
  readonly cache: string;
  readonly version: string;
  /** Threads for encoding; undefined: as many as there are cores. */
  readonly threads: () => number | undefined;
  /** What a run is made of, from its configuration. */
  readonly sourcesOf: (run: Run, config: RunConfig) => RunSources;
}

/** Set in one write when both snapshots are complete: without it, what lies in the folder is half a crash. */
const COMPLETE_PIN = "model_hash";

export const snapshotFolder = (snapshots: string, runId: string): string => join(snapshots, runId);

/**
 * Writes the snapshots of a run (or finds those that an earlier start wrote), pins what it is made of, and says what its
 * worker is to do.
 * @throws SiftError `findings-block`, `data-changed`, `resume-differs`, `no-rows`, those of encoding and of the model
 */
export async function prepareRun(parts: PrepareParts, run: Run, signal: AbortSignal): Promise<TrainJob> {
  const config = configOf(parts.store.runs.config(run.id));
  const folder = snapshotFolder(parts.snapshots, run.id);
  const known = readSnapshots(folder);
  if (!known || run.pins[COMPLETE_PIN] === undefined) await encode(parts, { run, config, folder }, signal);
  const snapshots = readSnapshots(folder);
  if (!snapshots) throw new SiftError("snapshot", "the snapshot could not be written", { where: { file: folder } });
  const batched = await withChosenBatch(parts, { run, config, rows: snapshots.train }, signal);
  const samplePrompts = samplePromptIds(config, run.encodeSettings);
  const { pins, serving } = parts.store.runs.get(run.id);
  if (run.resumeFrom === null) clearOutput(run, config);
  else await requireSame(run, config, signal);
  return {
    kind: "train",
    protocol: WORKER_PROTOCOL,
    runId: run.id,
    outputDir: run.outputDir,
    modelDir: run.modelPath,
    adapterDir: config.adapter_name_or_path,
    trainSnapshot: join(folder, "train"),
    evalSnapshot: snapshots.evaluation ? join(folder, "eval") : null,
    resumeFrom: run.resumeFrom,
    config: { ...batched },
    template: serving ?? NO_TEMPLATE,
    ...(samplePrompts.length === 0 ? {} : { samplePrompts }),
    pins,
    threads: computeThreads(parts.store),
  };
}

/** With `auto_find_batch_size`, the configuration with what a few steps chose; recorded, so that a resumed run keeps it. */
async function withChosenBatch(
  { store, cache, sourcesOf }: PrepareParts,
  { run, config, rows }: { run: Run; config: RunConfig; rows: SnapshotManifest },
  signal: AbortSignal,
): Promise<RunConfig> {
  const settings = run.encodeSettings;
  if (!config.auto_find_batch_size || run.resumeFrom !== null || !settings) return config;
  const entries = store.runs.config(run.id);
  const source = sourcesOf(run, config).train;
  const units = unitsOf(config, { trainRows: rows.rows, trainTokens: rows.tokens });
  const measure = (size: number): Promise<Measurement> => {
    const tried = { ...config, per_device_train_batch_size: size };
    return measureRun({ store, cache, config: tried, settings, source }, signal);
  };
  const chosen = withBatch(entries, await chooseBatch({ entries, units, measure }));
  store.runs.replaceConfig(run.id, chosen);
  return configOf(chosen);
}

/** The snapshot is the run's own; the model lies outside and may have changed. */
async function requireSame(run: Run, config: RunConfig, signal: AbortSignal): Promise<void> {
  const pins = { ...run.pins, model_hash: await modelHash(run.modelPath, { signal, weights: !config.from_scratch }) };
  requireSameRun(requireCheckpoint(run.resumeFrom ?? ""), { config: { ...config }, pins });
}

/** What an earlier run left in a folder that may be overwritten; files of others stay. */
function clearOutput(run: Run, config: RunConfig): void {
  if (!config.overwrite_output_dir || !existsSync(run.outputDir)) return;
  rmSync(join(run.outputDir, CHECKPOINT_MANIFEST), { force: true });
  for (const name of readdirSync(run.outputDir)) {
    if (checkpointStep(name) !== undefined) rmSync(join(run.outputDir, name), { recursive: true, force: true });
  }
}

const NO_TEMPLATE: ServingTemplate = {
  source: null,
  name: "own",
  hash: "",
  defaultSystem: null,
  stopIds: [],
  endOfTurn: null,
};

interface Encoding {
  readonly run: Run;
  readonly config: RunConfig;
  readonly folder: string;
}

async function encode(parts: PrepareParts, { run, config, folder }: Encoding, signal: AbortSignal): Promise<void> {
  const settings = run.encodeSettings;
  if (!settings) throw new SiftError("run-settings", "the run has no encoding settings");
  rmSync(folder, { recursive: true, force: true });
  const sources = parts.sourcesOf(run, config);
  const encoded = await encodeRun(
    {
      store: parts.store,
      config,
      settings,
      sources,
      folder,
      waived: run.waived,
      threads: parts.threads(),
      cache: parts.cache,
    },
    signal,
  );
  const pins = await pinsOf(parts, { run, config, settings, encoded }, signal);
  requireSameData(run, pins);
  const serving = encoded.rendered > 0 ? servingTemplate(settings) : null;
  parts.store.runs.update(run.id, { pins: { ...run.pins, ...pins }, serving, waived: encoded.waived });
}

interface Pinned {
  readonly run: Run;
  readonly config: RunConfig;
  readonly settings: EncodeSettings;
  readonly encoded: EncodedRun;
}

async function pinsOf(parts: PrepareParts, pinned: Pinned, signal: AbortSignal): Promise<Record<string, string>> {
  const { run, config, settings, encoded } = pinned;
  const { train, evaluation } = encoded;
  const adapter = config.adapter_name_or_path;
  return {
    data_hash: train.dataHash,
    train_rows_hash: train.files["rows.jsonl"].sha256,
    ...(evaluation
      ? { eval_hash: evaluation.files["ids.i32"].sha256, eval_rows_hash: evaluation.files["rows.jsonl"].sha256 }
      : {}),
    template_hash: train.templateHash,
    ...(encoded.rendered > 0 ? departurePin(settings) : {}),
    mask: train.mask,
    ...(encoded.rendered > 0 ? { mask_rules: rulesInWords(settings, train.mask) } : {}),
    model_hash: await modelHash(run.modelPath, { signal, weights: !config.from_scratch }),
    ...(adapter === null ? {} : { adapter_hash: await modelHash(adapter, { signal }) }),
    sift_version: parts.version,
    seed: String(config.seed),
  };
}

/** What the mask trains, as a person reads it. */
function rulesInWords({ maskOptions }: EncodeSettings, mask: string): string {
  const policy = MASK_POLICIES.find((each) => mask === each || mask.startsWith(`${each} `));
  return policy === undefined ? "" : maskRules(policy, maskOptions).map(ruleInEnglish).join("; ");
}

/** A run that was pinned before is made of the same rows, or it does not start. */
/** What a run's template changes against the one that its model was tuned with. */
function departurePin(settings: EncodeSettings): Record<string, string> {
  const { encoder } = openCoder(settings);
  const departure = encoder && departureOf(settings, encoder);
  return departure
    ? { template_departs: departure.changes.map(({ what }) => what).join(", ") || "not comparable" }
    : {};
}

function requireSameData(run: Run, pins: Readonly<Record<string, string>>): void {
  const pinned = run.pins["data_hash"];
  if (pinned === undefined || pinned === pins["data_hash"]) return;
  throw new SiftError("data-changed", `the rows of ${run.datasetName} have changed since the run was made`, {
    remedy: "undo the changes to resume this run, or start a new one on the data as it is now",
  });
}

/** Both manifests of a run's snapshots; undefined where they are not complete. */
function readSnapshots(folder: string): { train: SnapshotManifest; evaluation: SnapshotManifest | null } | undefined {
  const train = readManifest(join(folder, "train"));
  return train && { train, evaluation: readManifest(join(folder, "eval")) ?? null };
}

function readManifest(folder: string): SnapshotManifest | undefined {
  const file = join(folder, "manifest.json");
  if (!existsSync(file)) return undefined;
  const parsed = v.safeParse(snapshotManifest, JSON.parse(readFileSync(file, "utf8")));
  return parsed.success ? parsed.output : undefined;
}
