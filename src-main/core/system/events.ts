import type { AppEvent, Job } from "#shared/contract/system.ts";

/** Events of one kind about one thing replace each other while a listener is busy. */
function coalesceKey(event: AppEvent): string {
  if (event.type === "runs") return `runs:${event.runId}`;
  return event.type === "job" ? `job:${event.job.id}` : event.type;
}

type Listener = (event: AppEvent) => void;

/** What changed in core, told to whoever listens. Nothing is stored here: the database is the record. */
export class EventHub {
  readonly #listeners = new Set<Listener>();

  emit(event: AppEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** @returns the function that stops listening */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Every event from now on. A slow reader costs no memory: events about the same thing replace each other,
   * so its backlog is bounded by the number of things.
   */
  async *stream(signal: AbortSignal | undefined, first: readonly AppEvent[] = []): AsyncGenerator<AppEvent> {
    const pending = new Map(first.map((event) => [coalesceKey(event), event]));
    const wake = new Wake(signal);
    const stop = this.listen((event) => {
      pending.set(coalesceKey(event), event);
      wake.notify();
    });
    try {
      while (!wake.ended) {
        for (const [key, event] of pending) {
          pending.delete(key);
          yield event;
        }
        await wake.wait(() => pending.size > 0);
      }
    } finally {
      stop();
      wake.dispose();
    }
  }

  /** The job as it is now, then each change (the newest wins) until it has ended. */
  async *watchJob(read: () => Job, signal: AbortSignal | undefined): AsyncGenerator<Job> {
    let current = read();
    yield current;
    if (current.state !== "running") return;
    for await (const event of this.stream(signal)) {
      if (event.type !== "job" || event.job.id !== current.id) continue;
      current = event.job;
      yield current;
      if (current.state !== "running") return;
    }
  }
}

/** Lets a generator sleep until something happened or its reader went away. */
export class Wake {
  #resolve: (() => void) | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.notify();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort);
  }

  get ended(): boolean {
    return this.#signal?.aborted ?? false;
  }

  notify(): void {
    this.#resolve?.();
    this.#resolve = undefined;
  }

  /** Returns at once where `ready` holds already, else at the next `notify` or abort. */
  async wait(ready: () => boolean): Promise<void> {
    if (ready() || this.ended) return;
    await new Promise<void>((resolve) => (this.#resolve = resolve));
  }

  dispose(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
