import { toErrorReport, type ErrorReport } from "#shared/errors.ts";
import type { TrainJob, WorkerEvent } from "#shared/worker/protocol.ts";
import { DISK_FULL, explainExit, explainFailure } from "./failure.ts";
import type { RunJournal } from "./journal.ts";
import { RunPace } from "./pace.ts";
import { WorkerProcess, type WorkerExit } from "./worker-process.ts";

/** How a run's process ended. `interrupted`: core itself ended it. */
export type RunEnd =
  | { readonly outcome: "done"; readonly note?: string }
  | { readonly outcome: "stopped" | "interrupted" }
  | { readonly outcome: "failed"; readonly error: ErrorReport };

/** Between two attempts to write a record that a full disk refused. */
const RECORD_RETRY_MS = 2000;

export interface ActiveParts {
  readonly journal: RunJournal;
  readonly clock: () => number;
  /** The text of what the model in training writes. */
  readonly decode: ((ids: readonly number[]) => string) | undefined;
}

/** A worker that has been told to stop and does not is killed after this long; one step may take minutes. */
const SHUTDOWN_PATIENCE_MS = 20_000;

/** The one training process that is under way: records what it reports and tells how it ended. */
export class ActiveRun {
  readonly runId: string;
  readonly pace: RunPace;
  readonly ended: Promise<RunEnd>;
  readonly #worker: WorkerProcess;
  readonly #job: TrainJob;
  readonly #journal: RunJournal;
  #last: Extract<WorkerEvent, { type: "done" | "failed" }> | undefined;
  #interrupted = false;
  #recordError: ErrorReport | undefined;
  /** What a full disk kept from being recorded, oldest first; the worker waits meanwhile. */
  readonly #unrecorded: (() => void)[] = [];
  #retry: NodeJS.Timeout | undefined;

  constructor(job: TrainJob, parts: ActiveParts) {
    this.runId = job.runId;
    this.#job = job;
    this.#journal = parts.journal;
    this.pace = new RunPace(job.config);
    let resolve: (end: RunEnd) => void = () => undefined;
    this.ended = new Promise((settle) => (resolve = settle));
    this.#worker = new WorkerProcess({
      onEvent: (event, { time }) => {
        if (event.type === "done" || event.type === "failed") this.#last = event;
        this.pace.observe(event, time);
        const told = event.type === "sample" && parts.decode ? { ...event, text: parts.decode(event.ids) } : event;
        this.#record(() => parts.journal.record(job.runId, told, time));
      },
      onExit: (exit) => void this.#settle().then(() => resolve(this.#explain(exit))),
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

  /** A checkpoint after the step in progress. */
  save(): void {
    this.#worker.send({ type: "save" });
  }

  /** A run that waits for space tries again at once. */
  resume(): void {
    this.#flush();
    if (this.#unrecorded.length === 0) this.#worker.send({ type: "resume" });
  }

  /** Why it waits, where the record itself cannot say so. */
  get pausedSentence(): string | undefined {
    if (this.#unrecorded.length === 0) return undefined;
    return "Paused: the disk is full and the record cannot be written. It goes on as soon as there is space";
  }

  /** Core ends: the run saves a checkpoint where it can in time, and can be resumed afterwards. */
  async interrupt(): Promise<void> {
    this.#interrupted = true;
    this.stop("save");
    const timer = setTimeout(() => this.#worker.kill(), SHUTDOWN_PATIENCE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** A full disk pauses the run, which would go on without leaving a trace; any other fault of the record ends it. */
  #record(write: () => void): void {
    this.#unrecorded.push(write);
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#retry);
    const waited = this.#retry !== undefined;
    this.#retry = undefined;
    try {
      for (let write = this.#unrecorded[0]; write; write = this.#unrecorded[0]) {
        write();
        this.#unrecorded.shift();
      }
      if (waited) this.#worker.send({ type: "resume" });
    } catch (error) {
      this.#hold(toErrorReport(error), waited);
    }
  }

  #hold(error: ErrorReport, waited: boolean): void {
    if (DISK_FULL.test(error.message)) {
      if (!waited) {
        this.#worker.send({ type: "pause" });
        this.#journal.notify(this.runId);
      }
      this.#retry = setTimeout(() => this.#flush(), RECORD_RETRY_MS);
      return;
    }
    this.#recordError ??= error;
    this.#unrecorded.length = 0;
    this.#worker.kill();
  }

  /** What is still to be recorded when the process has ended; given up where core ends as well. */
  async #settle(): Promise<void> {
    while (this.#unrecorded.length > 0 && !this.#interrupted) {
      await new Promise((resolve) => setTimeout(resolve, RECORD_RETRY_MS));
      this.#flush();
    }
    clearTimeout(this.#retry);
  }

  #explain(exit: WorkerExit): RunEnd {
    if (this.#recordError) return { outcome: "failed", error: explainFailure(this.#recordError, this.#job.outputDir) };
    if (this.#last?.type === "failed") {
      return { outcome: "failed", error: explainFailure(this.#last.error, this.#job.outputDir) };
    }
    if (this.#last?.outcome === "done") return { outcome: "done", ...doneNote(this.#last) };
    if (this.#interrupted) return { outcome: "interrupted" };
    if (this.#last?.outcome === "stopped") return { outcome: "stopped" };
    return { outcome: "failed", error: explainExit(exit, { outputDir: this.#job.outputDir }) };
  }
}

/** What a finished run's sentence says beside the number of steps. */
function doneNote({ endedEarly, bestStep }: Extract<WorkerEvent, { type: "done" }>): { note?: string } {
  const early = endedEarly ? ["stopped early, as no evaluation was better"] : [];
  const best = bestStep === undefined ? [] : [`the result is the best evaluation's, after step ${bestStep}`];
  const parts = [...early, ...best];
  return parts.length === 0 ? {} : { note: parts.join("; ") };
}
