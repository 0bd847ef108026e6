import { SiftError, toErrorReport } from "#shared/errors.ts";
import type { TrainJob } from "#shared/worker/protocol.ts";
import type { Run } from "../store/runs.ts";
import type { Store } from "../store/index.ts";
import { ActiveRun, type RunEnd } from "./active-run.ts";
import { explainFailure } from "./failure.ts";
import { hasEnded, type RunJournal } from "./journal.ts";
import { sampleDecoder } from "./samples.ts";
import { isDiskFull, SpaceWait } from "./space-wait.ts";

export interface QueueParts {
  readonly store: Store;
  readonly journal: RunJournal;
  readonly clock: () => number;
  /** Writes the snapshots of a run and says what its worker is to do. */
  readonly prepare: (run: Run, signal: AbortSignal) => Promise<TrainJob>;
  /** Called when the last run has ended or the first one starts. */
  readonly onBusyChange: (busy: boolean) => void;
}

const WAITING =
  "Paused: the disk is full and the training data cannot be written. It goes on as soon as there is space";
const FINISH_ATTEMPTS = 30;
const FINISH_RETRY_MS = 2000;

interface Preparation {
  readonly abort: AbortController;
  readonly job: Promise<TrainJob>;
}

/** One run at a time, oldest first. Snapshots are written as soon as a run is queued, so that later edits do not reach it. */
export class RunQueue {
  readonly #parts: QueueParts;
  readonly #preparations = new Map<string, Preparation>();
  readonly #space = new SpaceWait();
  #active: ActiveRun | undefined;
  /** The run whose turn it is, from its first moment to its end. */
  #current: string | undefined;
  #closing = false;
  #idle: Promise<void> = Promise.resolve();

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  get active(): ActiveRun | undefined {
    return this.#active;
  }
  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** What an earlier core left: running runs were interrupted, queued ones get their turn where that is wanted. */
  recover(startQueue: boolean): void {
    const { store, journal } = this.#parts;
    for (const state of ["running", "stopping"] as const) {
      for (const run of store.runs.inState(state))
        journal.transition(run.id, "interrupted", { sentence: interruptedAt(run) });
    }
    if (!startQueue) return;
    for (const run of store.runs.inState("queued")) this.#prepare(run);
    this.#next();
  }

  /** A run that has just been made or put back. */
  add(run: Run): void {
    this.#prepare(run);
    this.#next();
  }

  /** @throws SiftError `run-ended` */
  stop(run: Run, mode: "save" | "discard"): void {
    const { journal } = this.#parts;
    if (hasEnded(run.state))
      throw new SiftError("run-ended", `the run is ${run.state} already`, { where: { what: run.name } });
    if (run.state === "queued") {
      journal.transition(run.id, "stopped", { sentence: "Taken out of the queue before it started" });
      this.#preparations.get(run.id)?.abort.abort();
      this.#preparations.delete(run.id);
      return;
    }
    const sentence = mode === "save" ? "Finishing the step and saving a checkpoint" : "Stopping";
    if (run.state === "running") journal.transition(run.id, "stopping", { sentence });
    if (this.#active?.runId === run.id) return this.#active.stop(mode);
    this.#preparations.get(run.id)?.abort.abort();
    if (this.#current === run.id) this.#space.wake();
  }

  /** A checkpoint after the step in progress. @throws SiftError `run-state` where the run does not train */
  save(run: Run): void {
    this.#training(run).save();
  }

  /** A run that waits for disk space tries again at once. @throws SiftError `run-state` where the run does not train */
  continue(run: Run): void {
    if (this.waits(run)) this.#space.wake();
    else this.#training(run).resume();
  }

  /** Its data cannot be written for want of space. */
  waits(run: Run): boolean {
    return this.#current === run.id && this.#space.waiting;
  }

  #training(run: Run): ActiveRun {
    if (this.#active?.runId === run.id) return this.#active;
    throw new SiftError("run-state", `the run is ${run.state} and does not train`, { where: { what: run.name } });
  }

  /** Ends what runs so that it can be resumed; resolves when its process is gone. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#space.wake();
    for (const { abort } of this.#preparations.values()) abort.abort();
    await this.#active?.interrupt();
    await this.#idle;
  }

  #prepare(run: Run): Preparation {
    const abort = new AbortController();
    const job = this.#parts.prepare(run, abort.signal);
    job.catch(() => undefined); // looked at when its turn comes
    const preparation = { abort, job };
    this.#preparations.set(run.id, preparation);
    return preparation;
  }

  #next(): void {
    if (this.#closing || this.#current !== undefined) return;
    const [run] = this.#parts.store.runs.inState("queued");
    if (!run) return;
    this.#current = run.id;
    this.#parts.onBusyChange(true); // told again for each run: listeners take it as a state
    this.#idle = this.#run(run).finally(() => {
      this.#current = undefined;
      this.#next();
      if (!this.busy) this.#parts.onBusyChange(false);
    });
  }

  async #run(run: Run): Promise<void> {
    const { journal, clock } = this.#parts;
    journal.transition(run.id, "running", {
      sentence: "Encoding the data",
      startedAt: clock(),
      endedAt: null,
      error: null,
    });
    const end = await this.#train(run).catch((error: unknown): RunEnd => this.#failure(run.id, error));
    await this.#finishPatiently(run.id, end);
  }

  /** On a full disk even the reason cannot be written: it is tried again, and an interrupted run is found at the next start. */
  async #finishPatiently(runId: string, end: RunEnd): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#finish(runId, end);
        return;
      } catch (error) {
        if (this.#closing || attempt >= FINISH_ATTEMPTS) return;
        if (error instanceof SiftError) throw error;
        await new Promise((resolve) => setTimeout(resolve, FINISH_RETRY_MS));
      }
    }
  }

  async #train(run: Run): Promise<RunEnd> {
    const { journal, clock, store } = this.#parts;
    const job = await this.#prepared(run);
    if (this.#closing) return { outcome: "interrupted" };
    if (store.runs.get(run.id).state === "stopping") return { outcome: "stopped" };
    journal.update(run.id, { sentence: "Training" });
    const decode = job.samplePrompts ? sampleDecoder(run.encodeSettings) : undefined;
    this.#active = new ActiveRun(job, { journal, clock, decode });
    try {
      return await this.#active.ended;
    } finally {
      this.#active = undefined;
    }
  }

  /** What the worker is to do, as soon as the disk takes the data that it trains on. */
  async #prepared(run: Run): Promise<TrainJob> {
    for (;;) {
      const preparation = this.#preparations.get(run.id) ?? this.#prepare(run);
      try {
        return await preparation.job;
      } catch (error) {
        if (this.#ending(run.id) || !isDiskFull(error)) throw error;
        this.#say(run.id, { phase: "paused", sentence: WAITING });
        await this.#space.wait();
        if (this.#ending(run.id)) throw error;
        this.#say(run.id, { phase: null, sentence: "Encoding the data" });
      } finally {
        this.#preparations.delete(run.id);
      }
    }
  }

  #ending(runId: string): boolean {
    return this.#closing || this.#parts.store.runs.get(runId).state === "stopping";
  }

  /** The record may lie on the disk that is full. */
  #say(runId: string, patch: { phase: "paused" | null; sentence: string }): void {
    try {
      this.#parts.journal.update(runId, patch);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  }

  /** An aborted preparation is a stop or core's own end, not a failure. */
  #failure(runId: string, error: unknown): RunEnd {
    if (this.#closing) return { outcome: "interrupted" };
    if (this.#parts.store.runs.get(runId).state === "stopping") return { outcome: "stopped" };
    const { outputDir } = this.#parts.store.runs.get(runId);
    return { outcome: "failed", error: explainFailure(toErrorReport(error), outputDir) };
  }

  #finish(runId: string, end: RunEnd): void {
    const { journal, store } = this.#parts;
    const run = store.runs.get(runId);
    switch (end.outcome) {
      case "done":
        journal.transition(runId, "done", { sentence: `Done after ${run.step} steps${noted(end.note)}`, phase: null });
        return;
      case "stopped":
        journal.transition(runId, "stopped", { sentence: stoppedAt(run), phase: null });
        return;
      case "interrupted":
        journal.transition(runId, "interrupted", { sentence: interruptedAt(run), phase: null });
        return;
      case "failed": {
        const { error } = end;
        journal.transition(runId, "failed", { sentence: `Failed: ${error.message}`, error, phase: null });
      }
    }
  }
}

const noted = (note: string | undefined): string => (note === undefined ? "" : `: ${note}`);
const ofSteps = (run: Run): string => `step ${run.step}${run.totalSteps === null ? "" : ` of ${run.totalSteps}`}`;
const stoppedAt = (run: Run): string =>
  run.step === 0 ? "Stopped before the first step" : `Stopped after ${ofSteps(run)}`;
const interruptedAt = (run: Run): string =>
  `Interrupted ${run.step === 0 ? "before the first step" : `after ${ofSteps(run)}`}: the program ended`;
