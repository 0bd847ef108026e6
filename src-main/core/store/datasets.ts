import * as v from "valibot";
import type { DatasetSummary, DatasetVersion } from "#shared/contract/datasets.ts";
import type { Db } from "./database.ts";
import { idOf, keyOf, notFound } from "./ids.ts";
import { query } from "./query.ts";

const datasetRecord = v.object({ key: v.number(), name: v.string(), source: v.string(), created_at: v.number() });
const versionRecord = v.object({
  key: v.number(),
  dataset: v.number(),
  number: v.number(),
  content_hash: v.string(),
  row_count: v.number(),
  bad_rows: v.number(),
  created_at: v.number(),
  note: v.string(),
  revision: v.number(),
  tokenised: v.nullable(v.number()),
});
type VersionRecord = v.InferOutput<typeof versionRecord>;
const reviewCounts = v.object({ accepted: v.number(), rejected: v.number(), edited: v.number() });
const runCount = v.object({ n: v.number() });

const toVersion = (record: VersionRecord): DatasetVersion => ({
  id: idOf("v", record.key),
  number: record.number,
  contentHash: record.content_hash,
  rows: record.row_count,
  badRows: record.bad_rows,
  createdAt: record.created_at,
  note: record.note,
  tokenised: record.tokenised === 1,
});

/** A row of token ids is the only kind without turns; the first one stands for all. */
const VERSION = `SELECT d.*, (SELECT r.turns = 0 FROM version_rows r WHERE r.version = d.key AND r.position = 0) AS tokenised
  FROM dataset_versions d`;

/** Datasets and their versions. A dataset is invisible until its import has finished (`ready`). */
export class DatasetTable {
  readonly #db: Db;
  readonly #list;
  readonly #get;
  readonly #versions;
  readonly #version;
  readonly #counts;
  readonly #runs;

  constructor(db: Db) {
    this.#db = db;
    const columns = "key, name, source, created_at";
    this.#list = query(db, `SELECT ${columns} FROM datasets WHERE ready = 1 ORDER BY key DESC`, datasetRecord);
    this.#get = query(db, `SELECT ${columns} FROM datasets WHERE key = ? AND ready = 1`, datasetRecord);
    this.#versions = query(db, `${VERSION} WHERE d.dataset = ? ORDER BY d.number DESC`, versionRecord);
    this.#version = query(db, `${VERSION} WHERE d.key = ?`, versionRecord);
    this.#counts = query(
      db,
      `SELECT coalesce(sum(verdict = 'accepted'), 0) AS accepted, coalesce(sum(verdict = 'rejected'), 0) AS rejected,
         coalesce(sum(edited), 0) AS edited FROM row_state WHERE version = ?`,
      reviewCounts,
    );
    this.#runs = query(
      db,
      "SELECT count(*) AS n FROM runs WHERE version IN (SELECT key FROM dataset_versions WHERE dataset = ?)",
      runCount,
    );
  }

  list(): DatasetSummary[] {
    return this.#list.all().map((record) => this.#summary(record));
  }

  get(datasetId: string): DatasetSummary & { versions: DatasetVersion[] } {
    const record = this.#require(datasetId);
    return { ...this.#summary(record), versions: this.#versions.all(record.key).map(toVersion) };
  }

  summary(datasetId: string): DatasetSummary {
    return this.#summary(this.#require(datasetId));
  }

  /** The version with the name of its dataset; `revision` counts the decisions made about its rows. */
  version(versionId: string): DatasetVersion & { datasetId: string; datasetName: string; revision: number } {
    const record = this.#version.get(keyOf("v", versionId));
    const dataset = record && this.#get.get(record.dataset);
    if (!record || !dataset) throw notFound("v", versionId);
    return {
      ...toVersion(record),
      datasetId: idOf("d", dataset.key),
      datasetName: dataset.name,
      revision: record.revision,
    };
  }

  rename(datasetId: string, name: string): DatasetSummary {
    const { key } = this.#require(datasetId);
    this.#db.prepare("UPDATE datasets SET name = ? WHERE key = ?").run(name, key);
    return this.summary(datasetId);
  }

  /** Runs that train on any version of it and have not ended, by name. */
  activeRuns(datasetId: string): string[] {
    const names = query(
      this.#db,
      `SELECT name FROM runs WHERE state IN ('queued', 'running', 'stopping')
         AND version IN (SELECT key FROM dataset_versions WHERE dataset = ?)`,
      v.object({ name: v.string() }),
    );
    return names.all(keyOf("d", datasetId)).map((row) => row.name);
  }

  /** Takes the dataset out of every list at once; `sweep` of the import table deletes its rows. */
  hide(datasetId: string): void {
    const { key } = this.#require(datasetId);
    this.#db.prepare("UPDATE datasets SET ready = 0 WHERE key = ?").run(key);
  }

  #require(datasetId: string) {
    const record = this.#get.get(keyOf("d", datasetId));
    if (!record) throw notFound("d", datasetId);
    return record;
  }

  #summary(record: v.InferOutput<typeof datasetRecord>): DatasetSummary {
    const [newest] = this.#versions.all(record.key);
    if (!newest) throw notFound("v", idOf("d", record.key));
    const counts = this.#counts.get(newest.key) ?? { accepted: 0, rejected: 0, edited: 0 };
    return {
      id: idOf("d", record.key),
      name: record.name,
      source: record.source,
      version: toVersion(newest),
      ...counts,
      usedByRuns: this.#runs.get(record.key)?.n ?? 0,
      createdAt: record.created_at,
    };
  }
}
