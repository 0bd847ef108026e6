import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { SiftError } from "#shared/errors.ts";
import { entryPath } from "../../entries.ts";
import { fromReport } from "../system/reports.ts";
import type { EncodeSpec, ThreadReply, ThreadRequest, ThreadResult, ThreadRow } from "./thread-protocol.ts";

/** Each thread holds a tokenizer of its own (a large one takes some 200 MB), so more would cost memory for little. */
const MAX_THREADS = 8;

interface Waiting {
  readonly resolve: (result: ThreadResult) => void;
  readonly reject: (error: Error) => void;
}

/** One worker thread with its own encoder. */
class EncodeThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #failure: Error | undefined;
  pending = 0;

  constructor(spec: EncodeSpec) {
    this.#worker = new Worker(entryPath("data-thread"), { workerData: spec, execArgv: [], stderr: false });
    this.#worker.on("message", (reply: ThreadReply) => this.#receive(reply));
    this.#worker.on("error", (error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on("exit", (code) =>
      this.#fail(new SiftError("thread-ended", `an encoding thread ended with code ${code}`)),
    );
  }

  run(id: number, rows: readonly ThreadRow[]): Promise<ThreadResult> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.pending += 1;
    return new Promise<ThreadResult>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const request: ThreadRequest = { id, rows };
      this.#worker.postMessage(request);
    }).finally(() => (this.pending -= 1));
  }

  async close(): Promise<void> {
    this.#failure ??= new SiftError("cancelled", "cancelled before it had finished");
    await this.#worker.terminate();
  }

  #receive(reply: ThreadReply): void {
    if (reply.type === "failed") {
      this.#fail(fromReport(reply.error));
      return;
    }
    this.#waiting.get(reply.id)?.resolve(reply.result);
    this.#waiting.delete(reply.id);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

/** Worker threads that encode rows with one set of settings. Whoever opens a pool closes it. */
export class EncodePool {
  readonly #threads: readonly EncodeThread[];
  #sequence = 0;

  constructor(spec: EncodeSpec, threads = Math.min(MAX_THREADS, availableParallelism())) {
    this.#threads = Array.from({ length: threads }, () => new EncodeThread(spec));
  }

  /**
   * Results in the order of the batches. Only a few batches are under way at a time, so memory does not grow with the data.
   * @throws SiftError of the encoder (a template that does not parse, say), `cancelled`
   */
  async *map(batches: AsyncIterable<readonly ThreadRow[]>, signal?: AbortSignal): AsyncGenerator<ThreadResult> {
    const underWay: Promise<ThreadResult>[] = [];
    try {
      for await (const rows of batches) {
        if (signal?.aborted) throw new SiftError("cancelled", "cancelled before it had finished");
        underWay.push(this.#submit(rows));
        if (underWay.length >= 2 * this.#threads.length) yield await nextOf(underWay);
      }
      while (underWay.length > 0) yield await nextOf(underWay);
    } finally {
      for (const result of underWay) result.catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #submit(rows: readonly ThreadRow[]): Promise<ThreadResult> {
    const [first, ...others] = this.#threads;
    if (!first) throw new SiftError("thread-ended", "the pool has no threads");
    const idlest = others.reduce((best, thread) => (thread.pending < best.pending ? thread : best), first);
    this.#sequence += 1;
    return idlest.run(this.#sequence, rows);
  }
}

function nextOf(underWay: Promise<ThreadResult>[]): Promise<ThreadResult> {
  const next = underWay.shift();
  if (!next) throw new Error("nothing is under way");
  return next;
}
