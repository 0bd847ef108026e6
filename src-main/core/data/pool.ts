import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { SiftError } from "#shared/errors.ts";
import { entryPath } from "../../entries.ts";
import { fromReport } from "../system/reports.ts";
import { encodeWith } from "./encode-batch.ts";
import type { EncodeSpec, ResultOf, ThreadReply, ThreadRequest, ThreadRow } from "./thread-protocol.ts";

/** Each thread holds a tokenizer of its own (a large one takes some 200 MB), so more would cost memory for little. */
const MAX_THREADS = 8;

type AnyResult = ResultOf[keyof ResultOf];

interface Waiting {
  readonly resolve: (result: AnyResult) => void;
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

  run(id: number, rows: readonly ThreadRow[]): Promise<AnyResult> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.pending += 1;
    return new Promise<AnyResult>((resolve, reject) => {
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
export class EncodePool<Want extends keyof ResultOf> {
  readonly #threads: readonly EncodeThread[];
  #sequence = 0;

  constructor(spec: EncodeSpec & { readonly want: Want }, threads = Math.min(MAX_THREADS, availableParallelism())) {
    this.#threads = Array.from({ length: threads }, () => new EncodeThread(spec));
  }

  /**
   * Results in the order of the batches. Only a few batches are under way at a time, so memory does not grow with the data.
   * @throws SiftError of the encoder (a template that does not parse, say), `cancelled`
   */
  async *map(batches: AsyncIterable<readonly ThreadRow[]>, signal?: AbortSignal): AsyncGenerator<ResultOf[Want]> {
    const underWay: Promise<ResultOf[Want]>[] = [];
    try {
      for await (const rows of batches) {
        requireGoing(signal);
        if (rows.length === 0) continue;
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

  #submit(rows: readonly ThreadRow[]): Promise<ResultOf[Want]> {
    const [first, ...others] = this.#threads;
    if (!first) throw new SiftError("thread-ended", "the pool has no threads");
    const idlest = others.reduce((best, thread) => (thread.pending < best.pending ? thread : best), first);
    this.#sequence += 1;
    // a thread answers with what it was started for
    return idlest.run(this.#sequence, rows) as Promise<ResultOf[Want]>;
  }
}

/** Characters of rows below which threads cost more time to start than they save. */
const WORTH_THREADS = 400_000;

export interface EncodeBatchesOptions {
  readonly signal?: AbortSignal | undefined;
  /** Undefined: as many as there are cores. */
  readonly threads?: number | undefined;
}

/**
 * Encodes batches in order: a short source here, a longer one in threads that are started for it and end with it.
 * @throws SiftError as `EncodePool.map` does
 */
export async function* encodeBatches<Want extends keyof ResultOf>(
  spec: EncodeSpec & { readonly want: Want },
  batches: AsyncIterable<readonly ThreadRow[]>,
  { signal, threads }: EncodeBatchesOptions = {},
): AsyncGenerator<ResultOf[Want]> {
  const source = batches[Symbol.asyncIterator]();
  const first: (readonly ThreadRow[])[] = [];
  let characters = 0;
  let ended = false;
  while (!ended && characters < WORTH_THREADS) {
    const next = await source.next();
    requireGoing(signal);
    if (next.done === true) ended = true;
    else {
      first.push(next.value);
      for (const row of next.value) characters += row.raw.length;
    }
  }
  if (ended) yield* encodeHere(spec, first, signal);
  else yield* encodeInThreads(spec, chained(first, source), { signal, threads });
}

async function* encodeHere<Want extends keyof ResultOf>(
  spec: EncodeSpec & { readonly want: Want },
  batches: readonly (readonly ThreadRow[])[],
  signal?: AbortSignal,
): AsyncGenerator<ResultOf[Want]> {
  const encode = encodeWith(spec);
  const filled = batches.filter((batch) => batch.length > 0);
  // no rows have a result too: a wrong template is told, and a proof has its rules
  for (const batch of filled.length > 0 ? filled : [[]]) {
    requireGoing(signal);
    yield encode(batch);
    await new Promise((resolve) => setImmediate(resolve)); // others get their turn
  }
}

/** Encodes batches in order in threads that are started for them and end with them, or with the signal. */
export async function* encodeInThreads<Want extends keyof ResultOf>(
  spec: EncodeSpec & { readonly want: Want },
  batches: AsyncIterable<readonly ThreadRow[]>,
  { signal, threads }: EncodeBatchesOptions,
): AsyncGenerator<ResultOf[Want]> {
  const pool = new EncodePool(spec, threads);
  const close = (): void => void pool.close();
  signal?.addEventListener("abort", close);
  try {
    yield* pool.map(batches, signal);
  } finally {
    signal?.removeEventListener("abort", close);
    await pool.close();
  }
}

async function* chained(
  first: (readonly ThreadRow[])[],
  rest: AsyncIterator<readonly ThreadRow[]>,
): AsyncGenerator<readonly ThreadRow[]> {
  try {
    for (let batch = first.shift(); batch; batch = first.shift()) yield batch;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function requireGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SiftError("cancelled", "cancelled before it had finished");
}

function nextOf<Result>(underWay: Promise<Result>[]): Promise<Result> {
  const next = underWay.shift();
  if (!next) throw new Error("nothing is under way");
  return next;
}
