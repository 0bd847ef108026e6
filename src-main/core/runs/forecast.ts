import { createHash } from "node:crypto";
import { statfsSync } from "node:fs";
import { freemem } from "node:os";
import {
  estimateDisk,
  estimateMemory,
  planSteps,
  tokensAtOnce,
  type ModelShape,
  type RunConfig,
} from "#shared/config/index.ts";
import type { Forecast, Measurement } from "#shared/contract/forecast.ts";
import { pausesBetween } from "./speed.ts";
import { saveSeconds } from "./pace.ts";

/** What is known of the rows that a run trains on and is measured by. */
export interface RunTokens {
  readonly trainRows: number;
  readonly trainTokens: number;
  readonly evalTokens: number;
  readonly longestRow: number;
  /** Blocks with packing, else rows. */
  readonly units: number;
}

/** Settings that decide what a step takes; others may change without measuring again. */
const DECIDING = [
  "adapter_name_or_path",
  "finetuning_type",
  "freeze_trainable_layers",
  "from_scratch",
  "neftune_noise_alpha",
  "lora_r",
  "lora_dropout",
  "target_modules",
  "use_dora",
  "modules_to_save",
  "quantization",
  "gradient_checkpointing",
  "packing",
  "max_length",
  "per_device_train_batch_size",
  "engine",
  "device",
] as const satisfies readonly (keyof RunConfig)[];

/** Names a measurement. @param model what tells its weights apart; @param data the rows and how they are encoded */
export function measurementKey(config: RunConfig, { model, data }: { model: string; data: string }): string {
  const values = DECIDING.map((key) => config[key]);
  return createHash("sha256")
    .update(JSON.stringify([model, data, values]))
    .digest("hex");
}

interface Known {
  readonly config: RunConfig;
  readonly shape: ModelShape | null;
  /** Null before the rows were counted. */
  readonly tokens: RunTokens | null;
  readonly measured: Measurement | undefined;
}

/** What a run will take; null where neither shape nor measurement is known. */
export function forecastOf({ config, shape, tokens, measured }: Known): Forecast | null {
  const atOnce = tokens || config.packing ? tokensAtOnce(config, tokens?.longestRow ?? 0) : null;
  const estimate = shape && estimateMemory(shape, config, atOnce ?? config.max_length);
  if (measured) {
    // rows that were not among the measured ones may be longer
    const more = shape && atOnce !== null && atOnce > measured.tokens ? atOnce : null;
    const beyond = more === null || !shape ? 0 : growth(shape, config, { from: measured.tokens, to: more });
    const { checkpointBytes, resultBytes } = measured;
    const kept = config.save_total_limit * checkpointBytes + resultBytes;
    return {
      basis: "measured",
      memoryBytes: measured.peakMemoryBytes + beyond,
      parts: null,
      seconds: tokens && secondsOf(config, tokens, measured),
      diskBytes: kept,
      mostDiskBytes: kept + checkpointBytes,
    };
  }
  if (!shape || !estimate) return null;
  const { total, ...parts } = estimate;
  const disk = estimateDisk(shape, config);
  return {
    basis: "estimate",
    memoryBytes: total,
    parts,
    seconds: null,
    diskBytes: disk.kept,
    mostDiskBytes: disk.most,
  };
}

function growth(shape: ModelShape, config: RunConfig, { from, to }: { from: number; to: number }): number {
  return estimateMemory(shape, config, to).activations - estimateMemory(shape, config, from).activations;
}

/** Reading, steps, evaluations and checkpoints. */
function secondsOf(config: RunConfig, tokens: RunTokens, measured: Measurement): number {
  const { stepsPerEpoch, totalSteps } = planSteps(Math.max(1, tokens.units), config);
  const trained = (tokens.trainTokens * totalSteps) / stepsPerEpoch;
  const pauses = (every: number | null): number => pausesBetween(0, totalSteps, every ?? stepsPerEpoch);
  const evaluations = tokens.evalTokens > 0 ? pauses(config.eval_steps) : 0;
  const saves = pauses(config.save_steps);
  return (
    measured.loadSeconds +
    trained * measured.secondsPerToken +
    evaluations * tokens.evalTokens * measured.evaluationSecondsPerToken +
    saves * saveSeconds(measured.checkpointBytes) +
    saveSeconds(measured.resultBytes)
  );
}

/** Memory and disk that are free now. */
export function roomFor(folder: string): { memoryBytes: number; diskBytes: number | null } {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return { memoryBytes: freemem(), diskBytes: bavail * bsize };
  } catch {
    return { memoryBytes: freemem(), diskBytes: null };
  }
}
