import { toErrorReport } from "#shared/errors.ts";
import type { ChatJob, GenerateRequest, WorkerEvent } from "#shared/worker/protocol.ts";
import { loadModel } from "#worker/models/folder.ts";
import { randomStream } from "#worker/train/random.ts";
import { openEngine } from "../open-engine.ts";
import { continuePrompt } from "./continue.ts";
import { createGenerator, type Generator } from "./generator.ts";

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

  #tokens(request: GenerateRequest): Promise<{ ids: number[]; stopped: boolean }> {
    const { requestId } = request;
    return continuePrompt(this.#generator, {
      ...request,
      random: randomStream(request.seed, "generate"),
      cancelled: () => this.#cancelled.has(requestId),
      onToken: (id) => this.#send({ type: "token", requestId, id }),
    });
  }
}
