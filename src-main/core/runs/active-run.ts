import { toErrorReport, type ErrorReport } from "#shared/errors.ts";
import type { TrainJob, WorkerEvent } from "#shared/worker/protocol.ts";
import { explainExit, explainFailure } from "./failure.ts";
import type { RunJournal } from "./journal.ts";
import { RunPace } from "./pace.ts";
import { WorkerProcess, type WorkerExit } from "./worker-process.ts";

/** How a run's process ended. `interrupted`: core itself ended it. */
export type RunEnd =
  | { readonly outcome: "done" | "stopped" | "interrupted" }
  | { readonly outcome: "failed"; readonly error: ErrorReport };

/** A worker that has been told to stop and does not is killed after this long; one step may take minutes. */
const SHUTDOWN_PATIENCE_MS = 20_000;

/** The one training process that is under way: records what it reports and tells how it ended. */
export class ActiveRun {
  readonly runId: string;
  readonly pace: RunPace;
  readonly ended: Promise<RunEnd>;
  readonly #worker: WorkerProcess;
  readonly #job: TrainJob;
  #last: Extract<WorkerEvent, { type: "done" | "failed" }> | undefined;
  #interrupted = false;
  #recordError: ErrorReport | undefined;

  constructor(job: TrainJob, parts: { journal: RunJournal; clock: () => number }) {
    this.runId = job.runId;
    this.#job = job;
    this.pace = new RunPace(job.config);
    let resolve: (end: RunEnd) => void = () => undefined;
    this.ended = new Promise((settle) => (resolve = settle));
    this.#worker = new WorkerProcess({
      onEvent: (event, { time }) => {
        if (event.type === "done" || event.type === "failed") this.#last = event;
        this.pace.observe(event, time);
        this.#record(() => parts.journal.record(job.runId, event, time));
      },
      onExit: (exit) => resolve(this.#explain(exit)),
    });
    this.#worker.send({ type: "job", job });
  }

  get pid(): number | undefined {
    return this.#worker.pid;
  }

  /** `save` finishes the step and writes a checkpoint. */
  stop(mode: "save" | "discard"): void {
    this.#worker.send({ type: "stop", mode });
  }

  /** Core ends: the run saves a checkpoint where it can in time, and can be resumed afterwards. */
  async interrupt(): Promise<void> {
    this.#interrupted = true;
    this.stop("save");
    const timer = setTimeout(() => this.#worker.kill(), SHUTDOWN_PATIENCE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** A record that cannot be written (a full disk, mostly) ends the run: it would go on without leaving a trace. */
  #record(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#recordError ??= toErrorReport(error);
      this.#worker.kill();
    }
  }

  #explain(exit: WorkerExit): RunEnd {
    if (this.#recordError) return { outcome: "failed", error: explainFailure(this.#recordError, this.#job.outputDir) };
    if (this.#last?.type === "failed") {
      return { outcome: "failed", error: explainFailure(this.#last.error, this.#job.outputDir) };
    }
    if (this.#last?.outcome === "done") return { outcome: "done" };
    if (this.#interrupted) return { outcome: "interrupted" };
    if (this.#last) return { outcome: this.#last.outcome };
    return { outcome: "failed", error: explainExit(exit, { outputDir: this.#job.outputDir }) };
  }
}
