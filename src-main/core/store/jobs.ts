import * as v from "valibot";
import { errorReport } from "#shared/contract/common.ts";
import { job, JOB_KINDS, type Job } from "#shared/contract/system.ts";
import type { Db } from "./database.ts";
import { idOf, keyOf, notFound } from "./ids.ts";
import { json, query } from "./query.ts";

const jobRecord = v.object({
  key: v.number(),
  kind: v.picklist(JOB_KINDS),
  title: v.string(),
  state: job.entries.state,
  done: v.number(),
  total: v.nullable(v.number()),
  row_count: v.number(),
  bad_rows: v.number(),
  started_at: v.number(),
  result_id: v.nullable(v.string()),
  error: v.nullable(json(errorReport)),
});
const toJob = (record: v.InferOutput<typeof jobRecord>): Job => ({
  id: idOf("j", record.key),
  kind: record.kind,
  title: record.title,
  state: record.state,
  done: record.done,
  total: record.total,
  rows: record.row_count,
  badRows: record.bad_rows,
  startedAt: record.started_at,
  resultId: record.result_id,
  error: record.error,
});

/** Jobs listed at most: the newest ones. */
const JOBS_LISTED = 50;

/** Long work in core: kept, so that a window that comes back finds how it went. */
export class JobTable {
  readonly #db: Db;
  readonly #list;
  readonly #get;

  constructor(db: Db) {
    this.#db = db;
    this.#list = query(db, "SELECT * FROM jobs ORDER BY key DESC LIMIT ?", jobRecord);
    this.#get = query(db, "SELECT * FROM jobs WHERE key = ?", jobRecord);
  }

  list(): Job[] {
    return this.#list.all(JOBS_LISTED).map(toJob);
  }

  get(jobId: string): Job {
    const record = this.#get.get(keyOf("j", jobId));
    if (!record) throw notFound("j", jobId);
    return toJob(record);
  }

  create(kind: Job["kind"], title: string, at: number): Job {
    const made = this.#db
      .prepare(
        "INSERT INTO jobs (kind, title, state, done, row_count, bad_rows, started_at) VALUES (?, ?, 'running', 0, 0, 0, ?)",
      )
      .run(kind, title, at);
    return this.get(idOf("j", Number(made.lastInsertRowid)));
  }

  update(j: Job, endedAt: number | null): void {
    this.#db
      .prepare(
        `UPDATE jobs SET state = ?, done = ?, total = ?, row_count = ?, bad_rows = ?, ended_at = ?, result_id = ?, error = ?
         WHERE key = ?`,
      )
      .run(
        j.state,
        j.done,
        j.total,
        j.rows,
        j.badRows,
        endedAt,
        j.resultId,
        j.error === null ? null : JSON.stringify(j.error),
        keyOf("j", j.id),
      );
  }

  /** Jobs that a core which ended without saying so left running. */
  running(): Job[] {
    return query(this.#db, "SELECT * FROM jobs WHERE state = 'running'", jobRecord).all().map(toJob);
  }
}
