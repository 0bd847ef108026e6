import type { MetricColumns, RunEvent } from "#shared/contract/runs.ts";
import { core } from "../../client.ts";
import { isAbort } from "../../state/errors.ts";
import { copyMetrics, foldEvent, noMetrics } from "./fold.ts";
import type { Phase } from "./words.ts";

/** Redrawing more often than this shows nothing more. */
const REDRAW_MS = 150;
/** What changes the record of a run, apart from its curves. */
const RECORD_EVENTS: ReadonlySet<RunEvent["event"]["type"]> = new Set([
  "state",
  "started",
  "totals",
  "checkpoint",
  "skipped",
]);
export type PausedEvent = Extract<RunEvent["event"], { type: "paused" }>;

/** The events of one run, folded as they come; after a lost connection it goes on after the last one it has. */
export class LiveRun {
  readonly runId: string;
  #metrics = $state.raw<MetricColumns>(noMetrics());
  #phase = $state<Phase | undefined>();
  /** Counts changes of the record (state, checkpoints, machine), for what asks core again. */
  #recordVersion = $state(0);
  #logVersion = $state(0);
  #sampleVersion = $state(0);
  #paused = $state.raw<PausedEvent | undefined>();
  readonly #folded = noMetrics();
  #sequence = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(runId: string) {
    this.runId = runId;
  }

  get metrics(): MetricColumns {
    return this.#metrics;
  }
  get phase(): Phase | undefined {
    return this.#phase;
  }
  /** Why it waits; undefined while it does not. */
  get paused(): PausedEvent | undefined {
    return this.#paused;
  }
  get sampleVersion(): number {
    return this.#sampleVersion;
  }
  get recordVersion(): number {
    return this.#recordVersion;
  }
  get logVersion(): number {
    return this.#logVersion;
  }

  /** Ends when the run has ended, or with the signal. */
  async follow(signal: AbortSignal): Promise<void> {
    try {
      const input = { runId: this.runId, afterSequence: this.#sequence };
      for await (const event of await core.runs.watch(input, { signal })) this.#take(event);
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) throw error;
    } finally {
      this.#redraw();
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #take(event: RunEvent): void {
    if (event.sequence <= this.#sequence) return;
    this.#sequence = event.sequence;
    foldEvent(this.#folded, event);
    if (event.event.type === "phase") this.#phase = event.event.phase;
    if (event.event.type === "paused") this.#paused = event.event;
    if (event.event.type === "continued" || event.event.type === "state") this.#paused = undefined;
    if (event.event.type === "sample") this.#sampleVersion += 1;
    if (event.event.type === "log") this.#logVersion += 1;
    if (event.event.type === "state") this.#phase = undefined;
    if (RECORD_EVENTS.has(event.event.type)) this.#recordVersion += 1;
    this.#timer ??= setTimeout(() => this.#redraw(), REDRAW_MS);
  }

  #redraw(): void {
    this.dispose();
    this.#metrics = copyMetrics(this.#folded);
  }
}
