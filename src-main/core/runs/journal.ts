import type { RunEvent, RunState } from "#shared/contract/runs.ts";
import type { WorkerEvent } from "#shared/worker/protocol.ts";
import type { Run, RunPatch } from "../store/runs.ts";
import type { Store } from "../store/index.ts";
import { Wake, type EventHub } from "../system/events.ts";

/** Events of one page while a reader catches up. */
const EVENT_PAGE = 500;

/** States after which a run does nothing until somebody resumes it. */
const ENDED: readonly RunState[] = ["stopped", "failed", "interrupted", "done"];
export const hasEnded = (state: RunState): boolean => ENDED.includes(state);

/** Signs of life, and what belongs to a chat a check of layouts or an extension. */
const NOT_RECORDED = [
  "heartbeat",
  "ready",
  "token",
  "generated",
  "generate-failed",
  "pack-losses",
  "arrangement",
  "measured",
  "extended",
] as const;
type Recorded = Exclude<WorkerEvent, { type: (typeof NOT_RECORDED)[number] }>;
const isRecorded = (event: WorkerEvent): event is Recorded => !NOT_RECORDED.some((type) => type === event.type);

/** Writes what happens to runs, each happening in one transaction, and lets readers follow. */
export class RunJournal {
  readonly #store: Store;
  readonly #events: EventHub;
  readonly #clock: () => number;

  constructor(parts: { store: Store; events: EventHub; clock: () => number }) {
    this.#store = parts.store;
    this.#events = parts.events;
    this.#clock = parts.clock;
  }

  /** A step of the state machine, with the sentence that says what it means. @throws SiftError `run-state` */
  transition(runId: string, state: RunState, change: RunPatch & { sentence: string }): Run {
    const now = this.#clock();
    const ended = hasEnded(state) ? { endedAt: now } : {};
    const run = this.#store.transaction(() => {
      const changed = this.#store.runs.transition(runId, state, { ...ended, ...change });
      this.#store.progress.appendEvent(runId, now, { type: "state", state, sentence: change.sentence });
      return changed;
    });
    this.#events.emit({ type: "runs", runId });
    return run;
  }

  /** A run that was just made: its first event. */
  announce(runId: string): void {
    const { state, sentence, createdAt } = this.#store.runs.get(runId);
    this.#store.progress.appendEvent(runId, createdAt, { type: "state", state, sentence });
    this.#events.emit({ type: "runs", runId });
  }

  /** Something about a run changed that cannot be recorded: who shows it looks again. */
  notify(runId: string): void {
    this.#events.emit({ type: "runs", runId });
  }

  update(runId: string, patch: RunPatch): void {
    this.#store.runs.update(runId, patch);
    this.#events.emit({ type: "runs", runId });
  }

  /** Records what a worker reports. Its end (`done`, `failed`) becomes a transition elsewhere, after its process is gone. */
  record(runId: string, event: WorkerEvent, time: number): void {
    if (!isRecorded(event)) return;
    this.#store.transaction(() => {
      this.#apply(runId, event);
      this.#store.progress.appendEvent(runId, time, event);
    });
    this.#events.emit({ type: "runs", runId });
  }

  #apply(runId: string, event: Recorded): void {
    const { progress, runs } = this.#store;
    switch (event.type) {
      case "started": {
        const { engine, device, precision, threads } = event;
        const counts = { totalParameters: null, trainableParameters: null };
        runs.update(runId, { machine: { engine, device, precision, threads, ...counts } });
        runs.update(runId, { pins: { ...runs.get(runId).pins, ...versionPins(event.versions) } });
        return;
      }
      case "totals": {
        const { machine } = runs.get(runId);
        const { totalParameters, trainableParameters, totalSteps, startStep } = event;
        runs.update(runId, { totalSteps, startStep, step: startStep });
        if (machine) runs.update(runId, { machine: { ...machine, totalParameters, trainableParameters } });
        progress.forgetAfter(runId, startStep);
        return;
      }
      case "phase":
        return runs.update(runId, { phase: event.phase });
      case "step":
        progress.recordStep(runId, event);
        return runs.update(runId, { step: event.step });
      case "skipped":
        return runs.update(runId, { step: event.step });
      case "paused":
        return runs.update(runId, { sentence: pausedSentence(event) });
      case "continued":
        return runs.update(runId, { sentence: "Training" });
      case "evaluation":
        return progress.recordEvaluation(runId, event);
      case "checkpoint":
        return progress.recordCheckpoint(runId, this.#clock(), event);
      case "peak":
      case "sample":
      case "log":
      case "done":
      case "failed":
        return;
    }
  }

  /**
   * The events after a sequence number, then live ones until the run has ended. A slow reader holds nothing up:
   * it reads the record at its own pace.
   */
  async *watch(runId: string, afterSequence: number, signal: AbortSignal | undefined): AsyncGenerator<RunEvent> {
    this.#store.runs.get(runId);
    const wake = new Wake(signal);
    let fresh = true;
    const stop = this.#events.listen((event) => {
      if (event.type !== "runs" || event.runId !== runId) return;
      fresh = true;
      wake.notify();
    });
    try {
      let last = afterSequence;
      while (!wake.ended) {
        fresh = false;
        const ended = hasEnded(this.#store.runs.get(runId).state);
        const page = this.#store.progress.events(runId, last, EVENT_PAGE);
        for (const event of page) {
          last = event.sequence;
          yield event;
        }
        if (page.length === 0 && ended) return;
        if (page.length === 0) await wake.wait(() => fresh);
      }
    } finally {
      stop();
      wake.dispose();
    }
  }
}

function pausedSentence({ path, neededBytes, freeBytes }: Extract<WorkerEvent, { type: "paused" }>): string {
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  const needed = neededBytes === null ? "" : `; ${megabytes(neededBytes)} are needed`;
  const free = freeBytes === null ? "" : `, ${megabytes(freeBytes)} are free`;
  return `Paused: the disk of ${path} is full${needed}${free}. It goes on as soon as there is space`;
}

/** Versions stand among the pins; their names say that they may differ on a resume. */
const versionPins = (versions: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(versions).map(([name, version]) => [`${name}_version`, version]));
