import { availableParallelism } from "node:os";
import { ChatWorker, type ChatModel } from "./chat-worker.ts";

/** A model that nobody talks to leaves memory after this. */
const IDLE_MS = 5 * 60_000;
/** Processes at most: as many as a chat has panes. */
const MAX_WORKERS = 4;
const SWEEP_MS = 30_000;

/** Keeps the models that are talked to in memory for a while: one process a model and adapter. */
export class ChatSessions {
  readonly #workers = new Map<string, ChatWorker>();
  readonly #clock: () => number;
  readonly #timer: NodeJS.Timeout;

  constructor(clock: () => number) {
    this.#clock = clock;
    this.#timer = setInterval(() => this.#closeIdle(), SWEEP_MS);
    this.#timer.unref();
  }

  /** The worker of a model, started where there is none; the one that has been idle longest makes room. */
  worker(model: ChatModel): ChatWorker {
    const key = JSON.stringify([model.modelDir, model.adapterDir]);
    const known = this.#workers.get(key);
    if (known && !known.failed) {
      known.lastUsed = this.#clock();
      return known;
    }
    if (!known && this.#workers.size >= MAX_WORKERS) this.#makeRoom();
    const worker = new ChatWorker(model, { threads: availableParallelism(), now: this.#clock() });
    this.#workers.set(key, worker);
    return worker;
  }

  /** Frees the memory of every model that is not answering: a training run is about to need it. */
  closeIdle(): void {
    for (const [key, worker] of this.#workers) if (!worker.busy) this.#close(key, worker);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const [key, worker] of this.#workers) this.#close(key, worker);
  }

  pids(): number[] {
    return [...this.#workers.values()].flatMap((worker) => worker.pid ?? []);
  }

  #closeIdle(): void {
    const oldest = this.#clock() - IDLE_MS;
    for (const [key, worker] of this.#workers) if (!worker.busy && worker.lastUsed < oldest) this.#close(key, worker);
  }

  #makeRoom(): void {
    const idle = [...this.#workers].filter(([, worker]) => !worker.busy);
    const [longest] = idle.toSorted(([, a], [, b]) => a.lastUsed - b.lastUsed);
    if (longest) this.#close(...longest);
  }

  #close(key: string, worker: ChatWorker): void {
    this.#workers.delete(key);
    worker.close();
  }
}
