import type { EncodeSettings, TokenView } from "#shared/contract/text.ts";
import type { ParsedRow } from "#shared/text/index.ts";
import { core } from "../client.ts";
import { bus } from "../state/bus.svelte.ts";
import { connection } from "../state/connection.svelte.ts";
import { Query } from "../state/query.svelte.ts";
import type { WireRow } from "../state/rows.ts";
import { NotLiveError, type NotLive } from "./client.ts";
import { liveModels } from "./models.svelte.ts";

const SLOW_MS = 200;

/** A row to look at, as it is stored or as it is being edited. */
export interface LiveRow {
  readonly settings: EncodeSettings;
  readonly row: WireRow;
  /** 0-based place in its version. */
  readonly index: number;
}

/** Tokens and labels of a row, and why the page did not encode it by itself, where it did not. */
export interface LiveView {
  readonly view: TokenView;
  readonly notLive: NotLive | undefined;
}

/** Encodes one row in the page, or asks core where that cannot be. @throws what the template or the row is to blame for */
export function liveView(asked: LiveRow, signal?: AbortSignal): Promise<LiveView> {
  // Reactive proxies cannot go to a worker.
  return encoded($state.snapshot(asked), signal);
}

async function encoded({ settings, row, index }: LiveRow, signal?: AbortSignal): Promise<LiveView> {
  try {
    const model = await liveModels.get(settings);
    return {
      view: await liveModels.client.view({ settings, model, row: row as ParsedRow, index }),
      notLive: undefined,
    };
  } catch (error) {
    if (!(error instanceof NotLiveError)) throw error;
    const draft = { kind: "draft" as const, row };
    const view = await core.text.preview({ settings, row: draft }, signal ? { signal } : {});
    return { view, notLive: error.reason };
  }
}

/** Tokens and labels of a row as they change under the hands. */
export class LiveQuery extends Query<TokenView> {
  #notLive = $state<NotLive | undefined>();
  #slow = $state(false);

  /** Only where it takes long enough to notice: a view that dims at each keystroke would flicker, and paint twice. */
  override get busy(): boolean {
    return this.#slow;
  }
  /** Why core answered and not the page; undefined where the page encodes by itself. */
  get notLive(): NotLive | undefined {
    return this.#notLive;
  }

  async encode(row: LiveRow, signal: AbortSignal): Promise<void> {
    const timer = setTimeout(() => (this.#slow = true), SLOW_MS);
    try {
      await this.fetch(async () => {
        const { view, notLive } = await encoded(row, signal);
        this.#notLive = notLive;
        return view;
      }, signal);
    } finally {
      clearTimeout(timer);
      this.#slow = false;
    }
  }
}

/**
 * Encodes in the page while the calling component lives, without a pause: one row at a time, and of those that wait only the
 * newest. What was there stays until the next is ready, unless `input` answers undefined.
 */
export function useLive(input: () => LiveRow | undefined): LiveQuery {
  const query = new LiveQuery();
  let waiting: LiveRow | undefined;
  let running: AbortController | undefined;

  async function work(): Promise<void> {
    while (waiting && !running) {
      const next = waiting;
      waiting = undefined;
      const abort = new AbortController();
      running = abort;
      await query.encode(next, abort.signal);
      if (running === abort) running = undefined;
    }
  }
  function drop(): void {
    waiting = undefined;
    running?.abort();
    running = undefined;
  }
  $effect(() => {
    void query.version;
    void connection.generation;
    void bus.version("templates");
    void bus.version("models");
    void liveModels.version;
    waiting = $state.snapshot(input());
    if (waiting) void work();
    else {
      drop();
      query.set(undefined);
    }
  });
  $effect(() => drop);
  return query;
}
