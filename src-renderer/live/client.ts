import type { TokenView } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import type { LiveModel } from "#shared/contract/live.ts";
import { tokenView } from "#shared/preview/view.ts";
import { keepNewest, MAX_TOKENIZERS } from "./newest.ts";
import type { LiveReply, LiveRequest, NewPieces, RowRequest } from "./protocol.ts";

/** Why the page cannot encode by itself and core is asked instead. */
export type NotLive = "worker" | "size";

/** Thrown where the worker is the reason, not the row. */
export class NotLiveError extends Error {
  readonly reason: NotLive;
  constructor(reason: NotLive) {
    super(reason);
    this.reason = reason;
  }
}

interface Waiting {
  readonly resolve: (reply: Extract<LiveReply, { ok: true }>) => void;
  readonly reject: (error: unknown) => void;
}

/** The narrow part of a Worker that is used here. */
export interface WorkerLike {
  postMessage(message: LiveRequest): void;
  onmessage: ((event: MessageEvent<LiveReply>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  terminate(): void;
}

/** The page's side of the encoding worker, which is started with the first row. */
export class LiveClient {
  readonly #start: () => WorkerLike;
  #worker: WorkerLike | undefined;
  #broken = false;
  /** Names of tokens, as the worker tells them, of each tokenizer that it has. */
  #pieces = new Map<string, Map<number, string>>();
  #waiting = new Map<number, Waiting>();
  #nextId = 0;

  constructor(start: () => WorkerLike) {
    this.#start = start;
  }

  /** Hash of a tokenizer that the worker has, for `live.model`. */
  knows(hash: string): boolean {
    return this.#pieces.has(hash);
  }

  /** Hands a tokenizer's files to the worker, once. */
  learn({ hash, files }: NonNullable<LiveModel["tokenizer"]>): void {
    if (!files || this.#pieces.has(hash)) return;
    this.#opened().postMessage({ kind: "tokenizer", hash, ...files });
    keepNewest(this.#pieces, hash, new Map<number, string>(), MAX_TOKENIZERS);
  }

  /** @throws SiftError of the template or the row; NotLiveError where there is no worker */
  async view(request: RowRequest): Promise<TokenView> {
    const reply = await this.#ask(request);
    const pieces = this.#named(request.model.tokenizer, reply.newPieces);
    return tokenView(reply, (id) => pieces?.get(id));
  }

  #ask(request: RowRequest): Promise<Extract<LiveReply, { ok: true }>> {
    const worker = this.#opened();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ kind: "row", id, ...request });
    });
  }

  #named(hash: string | null, fresh: NewPieces): ReadonlyMap<number, string> | undefined {
    const pieces = hash === null ? undefined : this.#pieces.get(hash);
    fresh.ids.forEach((id, i) => pieces?.set(id, fresh.pieces[i] ?? ""));
    return pieces;
  }

  #opened(): WorkerLike {
    if (this.#broken) throw new NotLiveError("worker");
    if (this.#worker) return this.#worker;
    try {
      const worker = this.#start();
      worker.onmessage = ({ data }) => this.#take(data);
      worker.onerror = () => this.#fail();
      this.#worker = worker;
      return worker;
    } catch {
      this.#broken = true;
      throw new NotLiveError("worker");
    }
  }

  #take(reply: LiveReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply);
    else waiting?.reject(fromReport(reply.error));
  }

  /** A worker that died (out of memory, not allowed) is not tried again: core answers from now on. */
  #fail(): void {
    this.#broken = true;
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(new NotLiveError("worker"));
    this.#waiting.clear();
  }
}

function fromReport({ code, message, where, remedy }: Extract<LiveReply, { ok: false }>["error"]): SiftError {
  return new SiftError(code, message, { ...(where ? { where } : {}), ...(remedy === undefined ? {} : { remedy }) });
}
