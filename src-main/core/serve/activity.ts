import { setTimeout as sleep } from "node:timers/promises";
import type { SiftClient } from "#shared/contract/client.ts";
import type { RunState, RunSummary } from "#shared/contract/runs.ts";

const ACTIVE: ReadonlySet<RunState> = new Set<RunState>(["queued", "running", "stopping"]);

export interface ActivityListener {
  /** The runs that go on or wait, whenever that changes. */
  changed(active: readonly RunSummary[]): void;
  ended?(run: RunSummary): void;
}

/** Before it asks again a core that went away. */
const RETRY_MS = 1000;

/** Follows which runs go on, through the contract, until the signal aborts: for the quit question and for keeping the machine awake. */
export async function followActivity(
  client: SiftClient,
  listener: ActivityListener,
  signal: AbortSignal,
): Promise<void> {
  const activity = new Activity(client, listener);
  while (!signal.aborted) {
    await activity.follow(signal).catch(() => undefined); // lost with its core: the next one is asked
    if (!signal.aborted) await sleep(RETRY_MS, undefined, { ref: false });
  }
}

class Activity {
  readonly #client: SiftClient;
  readonly #listener: ActivityListener;
  #known: ReadonlyMap<string, RunSummary> = new Map();

  constructor(client: SiftClient, listener: ActivityListener) {
    this.#client = client;
    this.#listener = listener;
  }

  async follow(signal: AbortSignal): Promise<void> {
    const events = await this.#client.system.events(undefined, { signal });
    await this.#refresh();
    for await (const event of events) if (event.type === "runs") await this.#refresh();
  }

  async #refresh(): Promise<void> {
    const runs = await this.#client.runs.list();
    const before = this.#known;
    this.#known = new Map(runs.filter((run) => ACTIVE.has(run.state)).map((run) => [run.id, run]));
    for (const run of runs) if (before.has(run.id) && !this.#known.has(run.id)) this.#listener.ended?.(run);
    const same = before.size === this.#known.size && [...before.keys()].every((id) => this.#known.has(id));
    if (!same) this.#listener.changed([...this.#known.values()]);
  }
}
