import type { AppEvent, Job } from "#shared/contract/system.ts";
import { core } from "../client.ts";
import { connection } from "./connection.svelte.ts";

const TOPICS = ["datasets", "runs", "models", "templates", "settings", "proofs"] as const;
export type Topic = (typeof TOPICS)[number];
/** Events of one kind within this time refetch once. */
const COALESCE_MS = 200;

/** Core's "what changed" events: a version counter a topic, which queries depend on, and the running jobs. */
class Bus {
  #versions = $state<Record<Topic, number>>({ datasets: 0, runs: 0, models: 0, templates: 0, settings: 0, proofs: 0 });
  #jobs = $state<Record<string, Job>>({});
  readonly #pending = new Set<Topic>();
  #waiting = false;

  version(topic: Topic): number {
    return this.#versions[topic];
  }

  get jobs(): Job[] {
    return Object.values(this.#jobs);
  }

  job(id: string | undefined): Job | undefined {
    return id === undefined ? undefined : this.#jobs[id];
  }

  /** Listens for the life of the window, over as many connections as it takes. */
  async listen(generation: number, signal: AbortSignal): Promise<void> {
    if (generation > 1) for (const topic of TOPICS) this.#touch(topic);
    for (const job of await core.system.jobs.list({}, { signal })) this.#jobs[job.id] = job;
    for await (const event of await core.system.events({}, { signal })) this.#take(event);
  }

  #take(event: AppEvent): void {
    if (event.type === "job") this.#jobs[event.job.id] = event.job;
    else this.#touch(event.type);
  }

  #touch(topic: Topic): void {
    this.#pending.add(topic);
    if (this.#waiting) return;
    this.#waiting = true;
    setTimeout(() => {
      this.#waiting = false;
      for (const each of this.#pending) this.#versions[each] += 1;
      this.#pending.clear();
    }, COALESCE_MS);
  }
}

export const bus = new Bus();

/** Starts a job; the promise ends with it. Progress is in `bus.job(id)` meanwhile. */
export async function jobDone(jobId: string): Promise<Job> {
  let last: Job | undefined;
  for await (const job of await core.system.jobs.watch({ jobId })) last = job;
  if (!last) throw new Error(`job ${jobId} reported nothing (connection ${connection.state})`);
  return last;
}
