import { join } from "node:path";
import type { RunConfig } from "#shared/config/index.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import type { SnapshotManifest } from "#shared/worker/snapshot.ts";
import { DataHash } from "../data/hash.ts";
import { EncodePool } from "../data/pool.ts";
import { readSource, trainingIdentities, type DataSource, type RunSources, type SourceRow } from "../data/source.ts";
import type { ThreadRow } from "../data/thread-protocol.ts";
import type { Run } from "../store/runs.ts";
import type { Store } from "../store/index.ts";
import { fromReport } from "../system/reports.ts";
import { maskText } from "#shared/text/index.ts";
import { openCoder } from "../text/encoding.ts";
import { rowCache } from "../text/row-cache.ts";
import { ProofTotals } from "../text/prove.ts";
import { textHash } from "../text/report.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { holdOut } from "./split.ts";

export interface EncodeRequest {
  readonly store: Store;
  readonly config: RunConfig;
  readonly settings: EncodeSettings;
  readonly sources: RunSources;
  /** The snapshots become `train` and `eval` in it. */
  readonly folder: string;
  readonly waived: Run["waived"];
  /** Threads to encode with; undefined: as many as there are cores. */
  readonly threads: number | undefined;
  /** Folder where tokenised rows are kept; undefined: nowhere. */
  readonly cache?: string;
}

export interface EncodedRun {
  readonly train: SnapshotManifest;
  readonly evaluation: SnapshotManifest | null;
  /** Rows that a template rendered. */
  readonly rendered: number;
  /** Waived classes with the counts that were found. */
  readonly waived: Run["waived"];
}

/** Encodes a run's rows into its snapshots, the held-out ones apart. @throws SiftError `findings-block`, `no-rows` */
export async function encodeRun(request: EncodeRequest, signal: AbortSignal): Promise<EncodedRun> {
  const { config, sources, settings, store } = request;
  const pool = new EncodePool({ settings, want: "arrays", cache: rowCache(settings, request.cache) }, request.threads);
  const close = (): void => void pool.close();
  signal.addEventListener("abort", close);
  const job = new SnapshotJob(request, pool, signal);
  try {
    const limit = config.max_samples;
    const split = sources.evaluation ? 0 : config.eval_split;
    const held = split > 0 ? await heldOut(request, split, signal) : new Set<string>();
    const rows = readSource(store, sources.train, { limit, signal });
    const dataHash = await job.encode(rows, held);
    if (sources.evaluation) await job.encodeEvaluation(sources.evaluation);
    return await job.finish(dataHash);
  } catch (error) {
    await job.abandon();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
    await pool.close();
  }
}

async function heldOut(
  { config, sources, store }: EncodeRequest,
  fraction: number,
  signal: AbortSignal,
): Promise<Set<string>> {
  const rowIds: string[] = [];
  const limit = config.max_samples ?? Infinity;
  if (sources.train.kind === "version") {
    for await (const page of trainingIdentities(store, sources.train.versionId)) {
      for (const row of page) rowIds.push(row.rowId);
    }
    return holdOut(rowIds.slice(0, limit), { fraction, seed: config.seed });
  }
  for await (const page of readSource(store, sources.train, { limit: config.max_samples, signal })) {
    for (const row of page) rowIds.push(row.rowId);
  }
  return holdOut(rowIds, { fraction, seed: config.seed });
}

/** The two snapshots of one run while they are written. */
class SnapshotJob {
  readonly #request: EncodeRequest;
  readonly #pool: EncodePool<"arrays">;
  readonly #signal: AbortSignal;
  readonly #totals = new ProofTotals();
  #train: SnapshotWriter | undefined;
  #evaluation: SnapshotWriter | undefined;

  constructor(request: EncodeRequest, pool: EncodePool<"arrays">, signal: AbortSignal) {
    this.#request = request;
    this.#pool = pool;
    this.#signal = signal;
  }

  /** @returns the hash of the rows, held-out ones included */
  async encode(rows: AsyncIterable<readonly SourceRow[]>, held: ReadonlySet<string>): Promise<string> {
    const hash = new DataHash();
    const train = (this.#train = await SnapshotWriter.open(join(this.#request.folder, "train")));
    const evaluation = held.size > 0 ? await this.#openEvaluation() : train;
    const hashed = hashing(rows, hash);
    await this.#write(hashed, (rowId) => (held.has(rowId) ? evaluation : train));
    return hash.digest();
  }

  async encodeEvaluation(source: DataSource): Promise<void> {
    const writer = await this.#openEvaluation();
    await this.#write(readSource(this.#request.store, source, { signal: this.#signal }), () => writer);
  }

  async finish(dataHash: string): Promise<EncodedRun> {
    const { settings } = this.#request;
    if (!this.#train || this.#train.rows === 0) throw this.#nothingLeft();
    const waived = this.#requireWaived();
    const { encoder } = openCoder(settings);
    const isRendered = this.#totals.rendered > 0 && encoder !== null;
    const facts = {
      dataHash,
      templateHash: isRendered ? textHash(encoder.templateSource) : "",
      mask: isRendered ? maskText(encoder.mask, encoder.maskOptions) : "pretokenized",
    };
    const train = await this.#train.finish(facts);
    const evaluation = this.#evaluation ? await this.#evaluation.finish(facts) : null;
    return { train, evaluation, rendered: this.#totals.rendered, waived };
  }

  async abandon(): Promise<void> {
    await this.#train?.abandon();
    await this.#evaluation?.abandon();
  }

  async #openEvaluation(): Promise<SnapshotWriter> {
    return (this.#evaluation = await SnapshotWriter.open(join(this.#request.folder, "eval")));
  }

  async #write(rows: AsyncIterable<readonly ThreadRow[]>, writerOf: (rowId: string) => SnapshotWriter): Promise<void> {
    for await (const result of this.#pool.map(rows, this.#signal)) {
      this.#totals.add(result, 0);
      for (const piece of result.pieces) await writerOf(piece.rowId).add(piece);
    }
  }

  /** @throws SiftError `findings-block` that names every class which was not waived, with its count */
  #requireWaived(): Run["waived"] {
    const blocking = Object.entries(this.#totals.facts().blocking);
    const accepted = new Map(this.#request.waived.map((finding) => [finding.class, finding]));
    const holds = (name: string, count: number): boolean => {
      const agreed = accepted.get(name)?.count;
      return agreed === 0 || (agreed !== undefined && count <= agreed); // 0: whatever the number
    };
    const open = blocking.filter(([name, count]) => !holds(name, count));
    if (open.length === 0) {
      return blocking.map(([name, count]) => ({ ...accepted.get(name), class: name, count }));
    }
    const list = open
      .map(([name, count]) => {
        const agreed = accepted.get(name)?.count;
        return `${name} (${count} ${count === 1 ? "row" : "rows"}${agreed === undefined ? "" : `, ${agreed} waived`})`;
      })
      .join(", ");
    const first = this.#totals.firstError;
    const because = first ? `; the first row that cannot be encoded: ${first.message}` : "";
    throw new SiftError("findings-block", `the data has findings that stop a run: ${list}${because}`, {
      ...(first?.where ? { where: first.where } : {}),
      remedy: remedyFor(open.map(([name]) => name)),
    });
  }

  #nothingLeft(): SiftError {
    const first = this.#totals.firstError;
    if (first) return fromReport(first);
    return new SiftError("no-rows", "no row is left to train on", {
      remedy: "accept rows that were rejected, or raise max_length where over_length drops rows",
    });
  }
}

function remedyFor(classes: readonly string[]): string {
  const cut = classes.includes("truncated") ? "raise max_length or set over_length to truncate, drop or split; " : "";
  return `${cut}repair or reject the rows (sift prove lists them), or waive the class by name`;
}

async function* hashing(
  rows: AsyncIterable<readonly SourceRow[]>,
  hash: DataHash,
): AsyncGenerator<readonly SourceRow[]> {
  for await (const page of rows) {
    for (const row of page) hash.add(row.hash, row.review);
    yield page;
  }
}
