import { SiftError } from "#shared/errors.ts";
import { WORKER_PROTOCOL, type ChatJob, type GenerateRequest, type WorkerEvent } from "#shared/worker/protocol.ts";
import { explainExit } from "../runs/failure.ts";
import { WorkerProcess } from "../runs/worker-process.ts";
import { fromReport } from "../system/reports.ts";

export interface ChatModel {
  readonly modelDir: string;
  readonly adapterDir: string | null;
}
type Request = Omit<GenerateRequest, "type" | "requestId">;
export interface Generated {
  readonly ids: readonly number[];
  readonly stopped: boolean;
  readonly seconds: number;
}

interface Waiting {
  readonly onToken: (id: number) => void;
  readonly resolve: (generated: Generated) => void;
  readonly reject: (error: Error) => void;
}

/** A process with one model (and adapter) in memory that answers one request after another. */
export class ChatWorker {
  readonly #worker: WorkerProcess;
  readonly #waiting = new Map<string, Waiting>();
  #requests = 0;
  #ready = false;
  #afterReady: (() => void)[] = [];
  #failure: Error | undefined;
  lastUsed: number;

  constructor(model: ChatModel, options: { threads: number; now: number }) {
    this.lastUsed = options.now;
    this.#worker = new WorkerProcess(
      {
        onEvent: (event) => this.#receive(event),
        onExit: (exit) => this.#fail(fromReport(explainExit(exit, { outputDir: model.modelDir }))),
      },
      { background: false },
    );
    const job: ChatJob = { kind: "chat", protocol: WORKER_PROTOCOL, ...model, threads: options.threads };
    this.#worker.send({ type: "job", job });
  }

  get busy(): boolean {
    return this.#waiting.size > 0;
  }
  get failed(): boolean {
    return this.#failure !== undefined;
  }
  get pid(): number | undefined {
    return this.#worker.pid;
  }

  /** Requests may be sent while the model still loads. @throws SiftError of the worker, or why it died */
  generate(request: Request, options: { onToken: (id: number) => void; signal: AbortSignal }): Promise<Generated> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#requests += 1;
    const requestId = String(this.#requests);
    const cancel = (): void => this.#worker.send({ type: "cancel-generate", requestId });
    options.signal.addEventListener("abort", cancel);
    return new Promise<Generated>((resolve, reject) => {
      this.#waiting.set(requestId, { onToken: options.onToken, resolve, reject });
      this.#whenReady(() => this.#worker.send({ type: "generate", requestId, ...request }));
    }).finally(() => {
      options.signal.removeEventListener("abort", cancel);
      this.#waiting.delete(requestId);
    });
  }

  /** Ends the process; what still waits fails. */
  close(): void {
    this.#fail(new SiftError("chat-closed", "the chat was closed"));
    this.#worker.kill();
  }

  #whenReady(action: () => void): void {
    if (this.#ready) action();
    else this.#afterReady.push(action);
  }

  #receive(event: WorkerEvent): void {
    if (event.type === "ready") {
      this.#ready = true;
      for (const action of this.#afterReady.splice(0)) action();
    } else if (event.type === "token") this.#waiting.get(event.requestId)?.onToken(event.id);
    else if (event.type === "generated") this.#waiting.get(event.requestId)?.resolve(event);
    else if (event.type === "generate-failed") this.#waiting.get(event.requestId)?.reject(fromReport(event.error));
    else if (event.type === "failed") this.#fail(fromReport(event.error));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
