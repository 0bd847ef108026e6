import { SiftError, toErrorReport } from "#shared/errors.ts";
import type { Job } from "#shared/contract/system.ts";
import type { JobTable } from "../store/jobs.ts";
import type { EventHub } from "./events.ts";

/** Progress is told at most this often; the last word always is. */
const REPORT_INTERVAL_MS = 100;

export type JobProgress = Partial<Pick<Job, "done" | "total" | "rows" | "badRows">>;
export interface JobContext {
  readonly signal: AbortSignal;
  readonly report: (progress: JobProgress) => void;
}
/** @returns the id of what was made */
export type JobWork = (context: JobContext) => Promise<string | null>;

/** Thrown by work that noticed its cancel. */
export const cancelled = (): SiftError => new SiftError("cancelled", "cancelled before it had finished");

interface RunningJob {
  readonly abort: AbortController;
  readonly finished: Promise<Job>;
  job: Job;
}

/** Runs long work that outlives its caller, records how it goes and tells everybody. */
export class JobRunner {
  readonly #table: JobTable;
  readonly #events: EventHub;
  readonly #clock: () => number;
  readonly #running = new Map<string, RunningJob>();

  constructor(parts: { table: JobTable; events: EventHub; clock: () => number }) {
    this.#table = parts.table;
    this.#events = parts.events;
    this.#clock = parts.clock;
    this.#failLeftovers();
  }

  start(kind: Job["kind"], title: string, work: JobWork): string {
    const job = this.#table.create(kind, title, this.#clock());
    const abort = new AbortController();
    const running: RunningJob = { abort, job, finished: Promise.resolve().then(() => this.#run(job.id, work)) };
    this.#running.set(job.id, running);
    this.#events.emit({ type: "job", job });
    return job.id;
  }

  get(jobId: string): Job {
    return this.#running.get(jobId)?.job ?? this.#table.get(jobId);
  }

  list(): Job[] {
    return this.#table.list().map((job) => this.#running.get(job.id)?.job ?? job);
  }

  running(): Job[] {
    return [...this.#running.values()].map((entry) => entry.job);
  }

  /** Resolves when the work has stopped and cleaned up. A job that has ended already stays as it is. */
  async cancel(jobId: string): Promise<Job> {
    const entry = this.#running.get(jobId);
    if (!entry) return this.#table.get(jobId);
    entry.abort.abort();
    return entry.finished;
  }

  /** The finished job, whatever its end. */
  async finished(jobId: string): Promise<Job> {
    return this.#running.get(jobId)?.finished ?? this.#table.get(jobId);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }

  async #run(jobId: string, work: JobWork): Promise<Job> {
    const entry = this.#running.get(jobId);
    if (!entry) throw new Error("job is not registered");
    let reported = 0;
    const report = (progress: JobProgress): void => {
      entry.job = { ...entry.job, ...progress };
      const now = performance.now();
      if (now - reported < REPORT_INTERVAL_MS) return;
      reported = now;
      this.#events.emit({ type: "job", job: entry.job });
    };
    try {
      const resultId = await work({ signal: entry.abort.signal, report });
      return this.#end(entry, { state: "done", resultId });
    } catch (error) {
      const state = entry.abort.signal.aborted ? "cancelled" : "failed";
      return this.#end(entry, { state, error: state === "failed" ? toErrorReport(error) : null });
    }
  }

  #end(entry: RunningJob, end: Partial<Job>): Job {
    entry.job = { ...entry.job, ...end };
    this.#table.update(entry.job, this.#clock());
    this.#running.delete(entry.job.id);
    this.#events.emit({ type: "job", job: entry.job });
    return entry.job;
  }

  #failLeftovers(): void {
    const error = { code: "interrupted", message: "the program ended before this had finished" };
    for (const job of this.#table.running()) this.#table.update({ ...job, state: "failed", error }, this.#clock());
  }
}
