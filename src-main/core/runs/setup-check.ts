import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { RunConfig } from "#shared/config/index.ts";
import {
  CHECKED_ROWS,
  ROUNDING_LIMIT,
  SETUP_TOLERANCE,
  type ArrangementResult,
  type SetupCheck,
} from "#shared/contract/setup.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import type { SnapshotManifest } from "#shared/worker/snapshot.ts";
import { WORKER_PROTOCOL } from "#shared/worker/protocol.ts";
import { encodeInThreads } from "../data/pool.ts";
import { readSource } from "../data/source.ts";
import type { EncodedPiece } from "../data/thread-protocol.ts";
import type { Store } from "../store/index.ts";
import { writeRows } from "./snapshot-writer.ts";
import { askWorker } from "./worker-job.ts";
import { computeThreads } from "../system/threads.ts";

/** Rows that the checked ones are chosen among. */
const READ_ROWS = 200;

export interface SetupRequest {
  readonly store: Store;
  readonly cache: string;
  readonly versionId: string;
  readonly config: RunConfig;
  readonly settings: EncodeSettings;
  readonly modelPath: string;
}

/**
 * Whether loss and gradients of some of the user's rows, on the user's model and with the chosen method, depend on how they
 * are laid out. @throws SiftError `setup-rows` where the data has too few rows, those of encoding and of the model
 */
export async function checkSetup(request: SetupRequest, signal?: AbortSignal): Promise<SetupCheck> {
  const { config, modelPath } = request;
  const snapshot = join(request.cache, `setup-${randomUUID()}`);
  try {
    const manifest = await writeRows(snapshot, await chooseRows(request, signal));
    const setup = { config: { ...config }, adapterDir: config.adapter_name_or_path };
    const threads = computeThreads(request.store);
    const results = await askWorker(
      { kind: "layout", protocol: WORKER_PROTOCOL, threads, modelDir: modelPath, snapshot, packs: [], setup },
      "arrangement",
      { folder: snapshot, signal },
    );
    return summary(manifest, results);
  } finally {
    rmSync(snapshot, { recursive: true, force: true });
  }
}

/** Rows that fit and train something, spread over the beginning of the data. */
async function chooseRows(request: SetupRequest, signal: AbortSignal | undefined): Promise<EncodedPiece[]> {
  const { store, versionId, settings, config } = request;
  const usable: EncodedPiece[] = [];
  const rows = readSource(store, { kind: "version", versionId }, { limit: READ_ROWS, signal });
  for await (const { pieces } of encodeInThreads({ settings, want: "arrays" }, rows, { signal, threads: 1 })) {
    usable.push(...pieces.filter(({ ids, labels }) => ids.length <= config.max_length && scored(labels) > 0));
  }
  const chosen = Array.from({ length: CHECKED_ROWS }, (_, i) => usable[Math.floor((i * usable.length) / CHECKED_ROWS)]);
  if (usable.length >= CHECKED_ROWS) return chosen.filter((piece) => piece !== undefined);
  throw new SiftError(
    "setup-rows",
    `the check needs ${CHECKED_ROWS} rows that train something, ${usable.length} are there`,
    {
      remedy: "import more rows, or raise max_length",
    },
  );
}

const scored = (labels: Int32Array): number => labels.subarray(1).reduce((sum, label) => sum + (label >= 0 ? 1 : 0), 0);

function summary({ rows, tokens, supervisedTokens }: SnapshotManifest, results: ArrangementResult[]): SetupCheck {
  const most = (value: (result: ArrangementResult) => number): number => Math.max(...results.map(value));
  const lossDifference = most((result) => result.lossDifference);
  const gradientDifference = most((result) => result.gradientDifference);
  const largest = Math.max(lossDifference, gradientDifference);
  const verdict = largest <= SETUP_TOLERANCE ? "same" : largest <= ROUNDING_LIMIT ? "rounding" : "different";
  const arrangements = results.map((result) => ({ ...result }));
  return { arrangements, rows, tokens, supervisedTokens, lossDifference, gradientDifference, verdict };
}
