import { createORPCClient, ORPCError } from "@orpc/client";
import type { ClientContext, ClientLink, ClientOptions } from "@orpc/client";
import { RPCLink } from "@orpc/client/message-port";
import type { ContractRouterClient } from "@orpc/contract";
import * as v from "valibot";
import { SiftError, toErrorReport } from "../errors.ts";
import type { ErrorReport } from "../errors.ts";
import { creditMessage, STREAM_HEADER, STREAM_WINDOW } from "./channel.ts";
import type { Channel } from "./channel.ts";
import { errorReport } from "./common.ts";
import { contract } from "./index.ts";

export type SiftClient = ContractRouterClient<typeof contract>;

/** The typed client of the contract; the link decides how calls travel. */
export function createSiftClient(link: ClientLink<ClientContext>): SiftClient {
  return createORPCClient(link);
}

/** Calls over one channel. Streams are read with credit: no more than STREAM_WINDOW items are ever on their way. */
export function channelLink(channel: Channel): ClientLink<ClientContext> {
  let opened = 0;
  return new RPCLink({
    port: {
      on: (event, listener) => {
        if (event === "message") channel.onMessage((message) => listener({ data: message }));
        if (event === "close") channel.onClose(() => listener());
      },
      postMessage: (message: unknown) => channel.send(String(message)),
    },
    headers: ({ context }: ClientOptions<ClientContext>) => ({ [STREAM_HEADER]: String(context.stream) }),
    interceptors: [
      async (call) => {
        const stream = String(opened++);
        const output: unknown = await call.next({ ...call, context: { ...call.context, stream } });
        const give = (items: number) => channel.send(creditMessage({ stream, items }));
        return isStream(output) ? withCredit(output, give) : output;
      },
    ],
  });
}

type Stream = AsyncIterableIterator<unknown, unknown, undefined>;
function isStream(value: unknown): value is Stream {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value && "next" in value;
}

/** The same stream, which gives the sender credit for what was read, half a window at a time. */
function withCredit(stream: Stream, give: (items: number) => void): Stream {
  const inner = stream[Symbol.asyncIterator]();
  const batch = STREAM_WINDOW / 2;
  let read = 0;
  const metered: Stream = {
    async next() {
      const result = await inner.next();
      if (!result.done && ++read % batch === 0) give(batch);
      return result;
    },
    return: async (value) => (await inner.return?.(value)) ?? { done: true, value },
    throw: async (error) => {
      if (inner.throw) return inner.throw(error);
      throw error;
    },
    [Symbol.asyncIterator]: () => metered,
  };
  return metered;
}

export type ConnectionStatus = "connecting" | "open" | "closed";

export interface ConnectOptions {
  /** Resolves to an open channel or rejects; called again after a loss. */
  readonly open: () => Promise<Channel>;
  /** Waits before the next attempt (this folder has no timers of its own). */
  readonly delay: (milliseconds: number) => Promise<void>;
  /** Told of every change, so that a view can say that it is reconnecting and refetch when it is back. */
  readonly onStatus?: (status: ConnectionStatus) => void;
  /** Attempts in a row before a waiting call fails; default: for ever. */
  readonly attempts?: number;
}

export interface Connection {
  readonly client: SiftClient;
  close(): void;
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5000;

/** Sendings of a read at most: one that brings core down each time must fail in the end. */
const MOST_SENDINGS = 3;

/**
 * A client that survives the loss of its channel. Reads under way are asked again on the next channel; other calls and streams
 * under way fail with `connection-lost`. Later calls wait for the next channel.
 */
export function connectSift(options: ConnectOptions): Connection {
  const link = new ReconnectingLink(options);
  return { client: createSiftClient(link), close: () => link.close() };
}

interface Live {
  readonly channel: Channel;
  readonly link: ClientLink<ClientContext>;
  lost: boolean;
}

class ReconnectingLink implements ClientLink<ClientContext> {
  readonly #options: ConnectOptions;
  #live: Promise<Live> | undefined;
  #closed = false;

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  async call(path: readonly string[], input: unknown, options: ClientOptions<ClientContext>): Promise<unknown> {
    for (let sent = 1; ; sent++) {
      const live = await this.#connected();
      try {
        const output = await explained(live, live.link.call(path, input, options));
        return isStream(output) ? explainedStream(live, output) : output;
      } catch (error) {
        const again = live.lost && !this.#closed && !options.signal?.aborted && sent < MOST_SENDINGS;
        if (!again || !onlyReads(path)) throw error;
      }
    }
  }

  close(): void {
    this.#closed = true;
    const live = this.#live;
    this.#live = undefined;
    void live?.then(
      ({ channel }) => channel.close(),
      () => undefined,
    );
    this.#options.onStatus?.("closed");
  }

  #connected(): Promise<Live> {
    if (this.#closed) return Promise.reject(connectionLost());
    if (!this.#live) {
      const live = this.#connect();
      this.#live = live;
      live.catch(() => (this.#live = undefined));
    }
    return this.#live;
  }

  async #connect(): Promise<Live> {
    this.#options.onStatus?.("connecting");
    const channel = await this.#openWithRetry();
    const live = { channel, link: channelLink(channel), lost: false };
    channel.onClose(() => {
      live.lost = true;
      this.#lost();
    });
    this.#options.onStatus?.("open");
    return live;
  }

  async #openWithRetry(): Promise<Channel> {
    const most = this.#options.attempts ?? Infinity;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#options.open();
      } catch (error) {
        if (this.#closed || attempt >= most) throw error;
      }
      await this.#options.delay(Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)));
    }
  }

  /** Reconnects at once: a page that shows live data should not wait for its next call. */
  #lost(): void {
    this.#live = undefined;
    if (!this.#closed) this.#connected().catch(() => undefined);
  }
}

/** Whether the contract says of the procedure at a path that it changes nothing. */
function onlyReads(path: readonly string[]): boolean {
  const at = path.reduce<unknown>((node, name) => (isRecord(node) ? node[name] : undefined), contract);
  const definition = isRecord(at) ? at["~orpc"] : undefined;
  const meta = isRecord(definition) ? definition["meta"] : undefined;
  return isRecord(meta) && meta["reads"] === true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** When its channel closes, the RPC layer aborts what is under way; the caller hears why. */
async function explained<T>(live: Live, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw live.lost ? connectionLost() : error;
  }
}

function explainedStream(live: Live, stream: Stream): Stream {
  const same: Stream = {
    next: () => explained(live, stream.next()),
    return: async (value) => (await stream.return?.(value)) ?? { done: true, value },
    [Symbol.asyncIterator]: () => same,
  };
  return same;
}

function connectionLost(): SiftError {
  return new SiftError("connection-lost", "The connection to Sift's core was lost.", {
    remedy: "Runs go on. The page reconnects by itself once the core answers again.",
  });
}

/** What a failed call says, whoever threw it: core's own report, a refused input, a lost connection. */
export function reportOf(error: unknown): ErrorReport {
  if (!(error instanceof ORPCError)) return toErrorReport(error);
  const parsed = v.safeParse(errorReport, error.data);
  if (parsed.success) return withoutUndefined(parsed.output);
  return { code: String(error.code).toLowerCase().replaceAll("_", "-"), message: error.message };
}

type ParsedReport = v.InferOutput<typeof errorReport>;
function withoutUndefined({ code, message, where, remedy }: ParsedReport): ErrorReport {
  const known = Object.fromEntries(Object.entries(where ?? {}).filter(([, value]) => value !== undefined));
  return { code, message, ...(where && { where: known }), ...(remedy !== undefined && { remedy }) };
}
