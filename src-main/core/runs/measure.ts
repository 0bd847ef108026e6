import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { RunConfig } from "#shared/config/index.ts";
import type { Measurement } from "#shared/contract/forecast.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import { packRows } from "#shared/text/packing.ts";
import { WORKER_PROTOCOL, type WorkerEvent } from "#shared/worker/protocol.ts";
import { encodeInThreads } from "../data/pool.ts";
import { readSource, type DataSource } from "../data/source.ts";
import type { EncodedPiece } from "../data/thread-protocol.ts";
import type { Store } from "../store/index.ts";
import { writeRows } from "./snapshot-writer.ts";
import { askWorker } from "./worker-job.ts";
import { computeThreads } from "../system/threads.ts";

/** Rows that are encoded to make a few micro-batches of. */
const SAMPLED_ROWS = 600;
/** Steps whose time is taken, after one that warms up. */
const TIMED_STEPS = 3;

export interface MeasureRequest {
  readonly store: Store;
  /** Where the rows lie for a moment. */
  readonly cache: string;
  readonly config: RunConfig;
  readonly settings: EncodeSettings;
  readonly source: DataSource;
}

/** Makes a few steps of a run in a worker of its own and throws them away. @throws SiftError `measure-rows`, those of encoding and of the model */
export async function measureRun(request: MeasureRequest, signal?: AbortSignal): Promise<Measurement> {
  const { cache, config, settings } = request;
  const pieces = await sampleRows(request, signal);
  const units = unitsOf(pieces, config);
  if (units.length === 0) {
    throw new SiftError("measure-rows", "none of the first rows trains anything, so that no step can be measured", {
      remedy: "look at the proof's findings",
    });
  }
  const folder = join(cache, `measure-${randomUUID()}`);
  try {
    const snapshot = await writeUnits(folder, units, pieces);
    const [measured] = await askWorker(
      {
        kind: "measure",
        protocol: WORKER_PROTOCOL,
        modelDir: settings.modelPath,
        adapterDir: config.adapter_name_or_path,
        snapshot: folder,
        units: snapshot,
        config: { ...config },
        threads: computeThreads(request.store),
      },
      "measured",
      { folder, signal },
    );
    if (!measured) throw new SiftError("internal", "the worker ended without an answer");
    return measurementOf(measured);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measurementOf(event: Extract<WorkerEvent, { type: "measured" }>): Measurement {
  const { loadSeconds, steps, evaluation, peakMemoryBytes, checkpointBytes, resultBytes } = event;
  const timed = steps.length > 1 ? steps.slice(1) : steps;
  const total = (value: (step: (typeof steps)[number]) => number): number =>
    timed.reduce((sum, step) => sum + value(step), 0);
  return {
    loadSeconds,
    secondsPerToken:
      total(({ seconds }) => seconds) /
      Math.max(
        1,
        total(({ tokens }) => tokens),
      ),
    evaluationSecondsPerToken: evaluation.seconds / Math.max(1, evaluation.tokens),
    tokens: Math.max(0, ...steps.map(({ tokens }) => tokens)),
    peakMemoryBytes,
    checkpointBytes,
    resultBytes,
  };
}

async function sampleRows(request: MeasureRequest, signal?: AbortSignal): Promise<EncodedPiece[]> {
  const { store, settings, source } = request;
  const pieces: EncodedPiece[] = [];
  const rows = readSource(store, source, { limit: SAMPLED_ROWS, signal });
  for await (const result of encodeInThreads({ settings, want: "arrays" }, rows, { signal, threads: 1 })) {
    pieces.push(...result.pieces);
  }
  return pieces;
}

/** Micro-batches as a run has them, the largest first; each of places in `pieces`. */
function unitsOf(pieces: readonly EncodedPiece[], config: RunConfig): number[][] {
  const fitting = [...pieces.keys()].filter((at) => !config.packing || lengthOf(pieces, at) <= config.max_length);
  const lengths = fitting.map((at) => lengthOf(pieces, at));
  const units = config.packing
    ? packRows(lengths, { maxLength: config.max_length }).map((pack) => pack.map((at) => fitting[at] ?? 0))
    : fitting.map((at) => [at]);
  const size = config.per_device_train_batch_size;
  const tokens = (unit: readonly number[]): number => unit.reduce((sum, at) => sum + lengthOf(pieces, at), 0);
  const largest = units.toSorted((a, b) => tokens(b) - tokens(a)).slice(0, size);
  const usual = Array.from({ length: TIMED_STEPS }, (_, i) => units.slice(i * size, (i + 1) * size).flat());
  return [largest.flat(), ...usual].filter((unit) => unit.length > 0);
}

const lengthOf = (pieces: readonly EncodedPiece[], at: number): number => pieces[at]?.ids.length ?? 0;

/** Writes the micro-batches' rows, each once; answers their places in the snapshot. */
async function writeUnits(
  folder: string,
  units: readonly (readonly number[])[],
  pieces: readonly EncodedPiece[],
): Promise<number[][]> {
  const used = [...new Set(units.flat())].filter((at) => pieces[at] !== undefined);
  const places = new Map(used.map((at, place) => [at, place]));
  await writeRows(
    folder,
    used.flatMap((at) => pieces[at] ?? []),
  );
  return units.map((unit) => unit.flatMap((at) => places.get(at) ?? []));
}
