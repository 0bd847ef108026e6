import type { EncodeSettings, Proof } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import type { DataHashes } from "../data/data-hash.ts";
import { readSource } from "../data/source.ts";
import type { Store } from "../store/index.ts";
import type { EventHub } from "../system/events.ts";
import type { JobContext, JobRunner } from "../system/jobs.ts";
import { settingsHash } from "./encoding.ts";
import { proveRows } from "./prove.ts";

export interface ProofKey {
  readonly versionId: string;
  readonly settings: EncodeSettings;
}

interface Parts {
  readonly store: Store;
  readonly events: EventHub;
  readonly jobs: JobRunner;
  readonly hashes: DataHashes;
  readonly clock: () => number;
  /** Folder where tokenised rows are kept. */
  readonly cache: string;
}

/** A proof that runs: of these rows under these settings, and whether somebody asked for it by hand. */
interface Running {
  readonly jobId: string;
  readonly versionId: string;
  readonly hashes: string;
  readonly byHand: boolean;
}

/** Proofs of whole versions. The same rows under the same settings are never proven twice at a time. */
export class ProofJobs {
  readonly #parts: Parts;
  readonly #running = new Map<string, Running>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Proves anew. One that runs of the same is answered instead. @throws SiftError of the model's files, `not-found` */
  async start(key: ProofKey): Promise<string> {
    return this.#begin(key, await this.#hashes(key), true);
  }

  /**
   * Proves only where no proof of exactly these rows under these settings is there or under way. What was begun this way for the
   * version before is outdated by it, and stopped. @returns null where there is nothing to do
   */
  async ensure(key: ProofKey): Promise<string | null> {
    const { store } = this.#parts;
    const hashes = await this.#hashes(key);
    const isProven = store.proofs.latest({ versionId: key.versionId, ...hashes }) !== null;
    const wanted = identity(hashes);
    for (const { jobId, ...other } of this.#running.values()) {
      const outdated = other.versionId === key.versionId && other.hashes !== wanted && !other.byHand;
      if (outdated) void this.#parts.jobs.cancel(jobId);
    }
    return isProven ? null : this.#begin(key, hashes, false);
  }

  /** The newest proof of exactly these rows under exactly these settings. */
  async latest(key: ProofKey): Promise<Proof | null> {
    return this.#parts.store.proofs.latest({ versionId: key.versionId, ...(await this.#hashes(key)) });
  }

  async #hashes({ versionId, settings }: ProofKey): Promise<{ settingsHash: string; dataHash: string }> {
    const { hash: dataHash } = await this.#parts.hashes.of(versionId);
    return { settingsHash: settingsHash(settings), dataHash };
  }

  #begin(key: ProofKey, hashes: { settingsHash: string; dataHash: string }, byHand: boolean): string {
    const { store, jobs } = this.#parts;
    const { versionId } = key;
    const wanted = identity(hashes);
    const same = [...this.#running.values()].find((each) => each.versionId === versionId && each.hashes === wanted);
    if (same) return same.jobId;
    const { datasetName } = store.datasets.version(versionId);
    const jobId = jobs.start("proof", datasetName, (context) => this.#prove(key, context));
    this.#running.set(jobId, { jobId, versionId, hashes: wanted, byHand });
    void jobs.finished(jobId).then(() => this.#running.delete(jobId));
    return jobId;
  }

  async #prove({ versionId, settings }: ProofKey, { signal, report }: JobContext): Promise<string> {
    const { store, hashes, clock, cache, events } = this.#parts;
    const before = await hashes.of(versionId);
    report({ total: before.rows, done: 0 });
    const rows = readSource(store, { kind: "version", versionId }, { signal });
    const { blocking, members, pieces, ...facts } = await proveRows(settings, rows, {
      signal,
      cache,
      onProgress: (done, badRows) => report({ done, rows: done, badRows }),
    });
    const after = await hashes.of(versionId);
    if (after.hash !== before.hash) {
      throw new SiftError("data-changed", "rows were edited while the proof ran", { remedy: "run the proof again" });
    }
    const result = { versionId, settings, ...facts, blocking: Object.keys(blocking), finishedAt: clock() };
    const known = { settingsHash: settingsHash(settings), dataHash: before.hash, members, pieces };
    const { id } = store.transaction(() => store.proofs.add(result, known));
    events.emit({ type: "proofs" });
    return id;
  }
}

const identity = ({ settingsHash: settings, dataHash }: { settingsHash: string; dataHash: string }): string =>
  `${settings}:${dataHash}`;
