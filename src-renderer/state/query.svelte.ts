import type { ErrorReport } from "#shared/errors.ts";
import { bus, type Topic } from "./bus.svelte.ts";
import { connection } from "./connection.svelte.ts";
import { isAbort, reportOf } from "./errors.ts";

/** What a view shows of something that core knows: never loaded, loaded, or failed (with the last data kept). */
export class Query<T> {
  #data = $state.raw<T | undefined>();
  #error = $state.raw<ErrorReport | undefined>();
  #busy = $state(false);
  #version = $state(0);

  get data(): T | undefined {
    return this.#data;
  }
  get error(): ErrorReport | undefined {
    return this.#error;
  }
  get busy(): boolean {
    return this.#busy;
  }
  /** Read inside the effect, so that `reload` runs it again. */
  get version(): number {
    return this.#version;
  }

  reload(): void {
    this.#version += 1;
  }

  /** Puts in what a mutation has answered, without asking again. */
  set(data: T | undefined): void {
    this.#data = data;
    this.#error = undefined;
  }

  async fetch(load: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<void> {
    this.#busy = true;
    try {
      const data = await load(signal);
      if (!signal.aborted) this.set(data);
    } catch (error) {
      if (!signal.aborted && !isAbort(error) && connection.state === "open") this.#error = reportOf(error);
    } finally {
      if (!signal.aborted) this.#busy = false;
    }
  }
}

/** Where nothing has to be told to `load`. */
export const always = (): Record<string, never> => ({});

/**
 * Fetches while the calling component lives: again when what `input` answers changes, when core reports a change of one
 * of `topics`, after a reconnect, and on `reload()`. An overtaken fetch is aborted. While `input` answers undefined there
 * is nothing to ask and the data is undefined.
 */
export function useQuery<I, T>(
  input: () => I | undefined,
  load: (input: I, signal: AbortSignal) => Promise<T>,
  options: { topics?: readonly Topic[]; debounceMs?: number } = {},
): Query<T> {
  const query = new Query<T>();
  const key = $derived(JSON.stringify(input()));
  $effect(() => {
    void query.version;
    void connection.generation;
    for (const topic of options.topics ?? []) void bus.version(topic);
    if (key === undefined) {
      query.set(undefined);
      return;
    }
    const abort = new AbortController();
    const asked = JSON.parse(key) as I;
    const start = (): void => void query.fetch((signal) => load(asked, signal), abort.signal);
    const timer = setTimeout(start, options.debounceMs ?? 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  });
  return query;
}
