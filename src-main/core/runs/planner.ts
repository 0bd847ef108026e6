import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ModelShape, ResolvedConfig, RunConfig } from "#shared/config/index.ts";
import type { Forecast, Measurement } from "#shared/contract/forecast.ts";
import type { PlanPreview } from "#shared/contract/runs.ts";
import type { EncodeSettings, Proof } from "#shared/contract/text.ts";
import type { DataHashes } from "../data/data-hash.ts";
import { inspectModel } from "../models/inspect.ts";
import { weightFiles } from "../models/weights.ts";
import type { Store } from "../store/index.ts";
import type { HomePaths } from "../system/home.ts";
import { settingsHash } from "../text/encoding.ts";
import { heldOutRows, planPreview, unitsOf } from "./draft.ts";
import { forecastOf, measurementKey, roomFor, type RunTokens } from "./forecast.ts";
import { measureRun } from "./measure.ts";

interface Parts {
  readonly store: Store;
  readonly clock: () => number;
  readonly paths: HomePaths;
  readonly hashes: DataHashes;
}

/** A draft whose configuration holds. */
export interface PlannedDraft {
  readonly versionId: string;
  readonly modelPath: string;
  readonly config: RunConfig;
  readonly settings: EncodeSettings;
}

/** What runs will take: estimated from the model's shape, measured with a few steps where somebody asked for that. */
export class Planner {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async preview(resolved: ResolvedConfig, rows: number, draft: PlannedDraft | null): Promise<PlanPreview> {
    const proof = draft && (await this.latestProof(draft));
    const plan = planPreview(resolved, rows, proof);
    const room = roomFor(this.#parts.paths.runs);
    return { ...plan, forecast: draft && (await this.forecast(draft, proof)), room };
  }

  async latestProof({ versionId, settings }: PlannedDraft): Promise<Proof | null> {
    const { hashes, store } = this.#parts;
    const { hash: dataHash } = await hashes.of(versionId);
    return store.proofs.latest({ versionId, settingsHash: settingsHash(settings), dataHash });
  }

  async forecast(draft: PlannedDraft, proof: Proof | null): Promise<Forecast | null> {
    const { hashes, store } = this.#parts;
    const { rows } = await hashes.of(draft.versionId);
    const measured = store.forecasts.measurement(await this.#key(draft));
    const tokens = proof && tokensOf(draft.config, proof, rows);
    return forecastOf({ config: draft.config, shape: shapeOf(draft.modelPath), tokens, measured });
  }

  /** A few steps, thrown away; what they took is kept for the plan. @throws SiftError of `measureRun` */
  async measure(draft: PlannedDraft, signal?: AbortSignal): Promise<Measurement> {
    const { store, paths, clock } = this.#parts;
    const { config, settings, versionId } = draft;
    const source = { kind: "version" as const, versionId };
    const measured = await measureRun({ store, cache: paths.cache, config, settings, source }, signal);
    store.forecasts.putMeasurement(await this.#key(draft), measured, clock());
    return measured;
  }

  async #key({ config, settings, versionId, modelPath }: PlannedDraft): Promise<string> {
    const { hash } = await this.#parts.hashes.of(versionId);
    return measurementKey(config, { model: stampOf(modelPath), data: `${hash} ${settingsHash(settings)}` });
  }
}

/** Where a model's files lie, how large they are and when they changed. */
function stampOf(folder: string): string {
  const files = [join(folder, "config.json"), ...foundWeights(folder)].filter((file) => existsSync(file));
  return JSON.stringify(files.map((file) => [file, statSync(file).size, statSync(file).mtimeMs]));
}

function foundWeights(folder: string): string[] {
  try {
    return weightFiles(folder);
  } catch {
    return []; // a model from its configuration alone
  }
}

const shapeOf = (modelPath: string): ModelShape | null => inspectModel(modelPath, "folder").shape;

/** Tokens of the rows that train and of those that are held out, by their share of the proved ones. */
function tokensOf(config: RunConfig, proof: Proof, allRows: number): RunTokens | null {
  if (proof.rows === 0) return null;
  const rows = Math.min(allRows, config.max_samples ?? Infinity);
  const evalRows = heldOutRows(config, rows);
  const trainRows = rows - evalRows;
  const perRow = proof.tokens / proof.rows;
  const trainTokens = perRow * trainRows;
  const units = unitsOf(config, { trainRows, trainTokens });
  return { trainRows, trainTokens, evalTokens: perRow * evalRows, longestRow: proof.longestRow, units };
}
