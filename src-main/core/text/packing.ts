import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import {
  CHECKED_PACKS,
  LOSS_TOLERANCE,
  SCORED_ROWS,
  type PackLosses,
  type PackingRequest,
} from "#shared/contract/packing.ts";
import { SiftError } from "#shared/errors.ts";
import { packRows } from "#shared/text/packing.ts";
import { WORKER_PROTOCOL, type WorkerEvent } from "#shared/worker/protocol.ts";
import { EncodePool } from "../data/pool.ts";
import { readSource } from "../data/source.ts";
import type { EncodedPiece } from "../data/thread-protocol.ts";
import { inspectModel } from "../models/inspect.ts";
import { writeRows } from "../runs/snapshot-writer.ts";
import { askWorker } from "../runs/worker-job.ts";
import type { Store } from "../store/index.ts";
import { fromReport } from "../system/reports.ts";
import { PackTable } from "./packs.ts";
import { rowCache } from "./row-cache.ts";
import { computeThreads } from "../system/threads.ts";

type PackEvent = Extract<WorkerEvent, { type: "pack-losses" }>;

interface Encoded {
  readonly pieces: readonly EncodedPiece[];
  readonly packs: readonly (readonly number[])[];
}

/** How rows lie in packs, and whether that changes their losses. */
export class PackingService {
  readonly #store: Store;
  readonly table: PackTable;
  readonly #cache: string;

  constructor(parts: { readonly store: Store; readonly cache: string }) {
    this.#store = parts.store;
    this.#cache = parts.cache;
    this.table = new PackTable(parts.store);
  }

  /** @throws SiftError `layout-memory` where the model does not fit, `layout-single` where no pack holds two rows */
  async compare(request: PackingRequest, signal?: AbortSignal): Promise<PackLosses> {
    const { modelPath } = request.settings;
    requireMemory(modelPath);
    const { pieces, packs } = await this.#encode(request, signal);
    const chosen = [...packs.keys()].filter((pack) => (packs[pack]?.length ?? 0) > 1).slice(0, CHECKED_PACKS);
    if (chosen.length === 0) {
      throw new SiftError("layout-single", `no pack of ${request.maxLength} tokens holds two rows`, {
        remedy: "choose a larger maximum length",
      });
    }
    const snapshot = join(this.#cache, `layout-${randomUUID()}`);
    try {
      const places = await writePacks(
        snapshot,
        chosen.map((pack) => packs[pack] ?? []),
        pieces,
      );
      const threads = computeThreads(this.#store);
      const events = await askWorker(
        { kind: "layout", protocol: WORKER_PROTOCOL, threads, modelDir: modelPath, snapshot, packs: places },
        "pack-losses",
        { folder: snapshot, signal },
      );
      return summary(chosen, places.flat().length, events);
    } finally {
      rmSync(snapshot, { recursive: true, force: true });
    }
  }

  async #encode({ versionId, settings, maxLength }: PackingRequest, signal?: AbortSignal): Promise<Encoded> {
    const cut = { ...settings, maxLength };
    const pool = new EncodePool({ settings: cut, want: "arrays", cache: rowCache(cut, this.#cache) }, 1);
    const close = (): void => void pool.close();
    signal?.addEventListener("abort", close);
    try {
      const pieces: EncodedPiece[] = [];
      const rows = readSource(this.#store, { kind: "version", versionId }, { limit: SCORED_ROWS, signal });
      for await (const { pieces: some } of pool.map(rows, signal)) pieces.push(...some);
      const lengths = pieces.map(({ ids }) => ids.length);
      return { pieces, packs: packRows(lengths, { maxLength }) };
    } finally {
      signal?.removeEventListener("abort", close);
      await pool.close();
    }
  }
}

const BYTES_PER_PARAMETER = 4;
/** Beside the weights: activations of one pack, and the engine. */
const ROOM = 1.5;

function requireMemory(modelPath: string): void {
  const { parameters, problem } = inspectModel(modelPath, "folder");
  if (problem) throw fromReport(problem);
  const needed = (parameters ?? 0) * BYTES_PER_PARAMETER * ROOM;
  if (needed <= freemem()) return;
  const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`;
  throw new SiftError(
    "layout-memory",
    `the model needs about ${gigabytes(needed)} of memory for this, and ${gigabytes(freemem())} is free`,
    { remedy: "close other programs, or check with a smaller model of the same family" },
  );
}

/** Writes the packs' rows; answers their places in the snapshot, pack by pack. */
async function writePacks(
  folder: string,
  packs: readonly (readonly number[])[],
  pieces: readonly EncodedPiece[],
): Promise<number[][]> {
  const placed = packs.map((pack) => pack.flatMap((place) => pieces[place] ?? []));
  await writeRows(folder, placed.flat());
  let next = 0;
  return placed.map((pack) => pack.map(() => next++));
}

function summary(packs: number[], rows: number, events: readonly PackEvent[]): PackLosses {
  const total = (value: (event: PackEvent) => number): number => events.reduce((sum, event) => sum + value(event), 0);
  const weightSum = total((event) => event.weightSum);
  const differences = events.map(
    ({ packed, separate }) => Math.abs(packed - separate) / Math.max(1e-9, Math.abs(separate)),
  );
  const relativeDifference = Math.max(...differences);
  return {
    packs,
    rows,
    weightSum,
    packed: total((event) => event.packed) / weightSum,
    separate: total((event) => event.separate) / weightSum,
    relativeDifference,
    equal: relativeDifference <= LOSS_TOLERANCE,
  };
}
