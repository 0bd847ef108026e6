import { setImmediate } from "node:timers/promises";
import { toErrorReport } from "#shared/errors.ts";
import type { ChatJob, GenerateRequest, WorkerEvent } from "#shared/worker/protocol.ts";
import { loadModel } from "#worker/models/folder.ts";
import { randomStream } from "#worker/train/random.ts";
import { openEngine } from "../open-engine.ts";
import { createGenerator, type Generator } from "./generator.ts";
import { sampleToken } from "./sampling.ts";

/** A loaded model that answers requests, one after another in the order they came. */
export class ChatSession {
  readonly #generator: Generator;
  readonly #send: (event: WorkerEvent) => void;
  readonly #cancelled = new Set<string>();
  #queue: Promise<void> = Promise.resolve();

  private constructor(generator: Generator, send: (event: WorkerEvent) => void) {
    this.#generator = generator;
    this.#send = send;
  }

  static async open(job: ChatJob, send: (event: WorkerEvent) => void): Promise<ChatSession> {
    const engine = openEngine({ engine: "auto", device: "auto", threads: job.threads });
    const adapter = job.adapterDir === null ? {} : { adapter: job.adapterDir };
    const generator = await createGenerator({ engine, model: loadModel(job.modelDir), ...adapter });
    return new ChatSession(generator, send);
  }

  generate(request: GenerateRequest): void {
    this.#queue = this.#queue.then(() => this.#answer(request));
  }

  /** Ends an answer after the token in progress; one that waits its turn ends without any. */
  cancel(requestId: string): void {
    this.#cancelled.add(requestId);
  }

  async #answer(request: GenerateRequest): Promise<void> {
    const { requestId } = request;
    const started = performance.now();
    try {
      const answer = await this.#tokens(request);
      this.#send({ type: "generated", requestId, ...answer, seconds: (performance.now() - started) / 1000 });
    } catch (error) {
      this.#send({ type: "generate-failed", requestId, error: toErrorReport(error) });
    } finally {
      this.#cancelled.delete(requestId);
    }
  }

  /** The stop id itself is neither sent nor part of `ids`. */
  async #tokens(request: GenerateRequest): Promise<{ ids: number[]; stopped: boolean }> {
    const random = randomStream(request.seed, "generate");
    const ids: number[] = [];
    let logits: Float32Array | undefined;
    while (ids.length < request.maxNewTokens) {
      await setImmediate(); // a cancel is delivered between tokens
      if (this.#cancelled.has(request.requestId)) return { ids, stopped: false };
      const last = ids.at(-1);
      logits = await (last === undefined
        ? this.#generator.prefill(Int32Array.from(request.promptIds))
        : this.#generator.next(last));
      const id = sampleToken(logits, request, random);
      if (request.stopIds.includes(id)) return { ids, stopped: true };
      ids.push(id);
      this.#send({ type: "token", requestId: request.requestId, id });
    }
    return { ids, stopped: false };
  }
}
