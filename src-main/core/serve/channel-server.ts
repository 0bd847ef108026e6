import type { AnyRouter } from "@orpc/server";
import { RPCHandler } from "@orpc/server/message-port";
import { parseCredit, STREAM_HEADER, STREAM_WINDOW } from "#shared/contract/channel.ts";
import type { Channel } from "#shared/contract/channel.ts";

/** Serves the contract over one channel until it closes; calls and streams still under way are aborted then. */
export function serveChannel(router: AnyRouter, channel: Channel): void {
  const windows = new Map<string, CreditWindow>();
  channel.onClose(() => {
    for (const window of windows.values()) window.close();
  });
  const handler = new RPCHandler(router, {
    interceptors: [
      async (call) => {
        const { request } = call;
        const result = await call.next();
        const stream = request.headers[STREAM_HEADER];
        const body = result.response?.body;
        if (!result.matched || typeof stream !== "string" || !isStream(body)) return result;
        const window = new CreditWindow(STREAM_WINDOW);
        windows.set(stream, window);
        request.signal?.addEventListener("abort", () => window.close(), { once: true });
        const limited = withinWindow(body, window, () => windows.delete(stream));
        return { matched: true, response: { ...result.response, body: limited } };
      },
    ],
  });
  handler.upgrade({
    on: (event, listener) => {
      if (event === "message") channel.onMessage((message) => receive(message, windows, listener));
      if (event === "close") channel.onClose(() => listener());
    },
    postMessage: (message: unknown) => channel.send(String(message)),
  });
}

function receive(
  message: string,
  windows: ReadonlyMap<string, CreditWindow>,
  forward: (event: { data: string }) => void,
): void {
  const credit = parseCredit(message);
  if (credit) windows.get(credit.stream)?.add(credit.items);
  else if (isRpcMessage(message)) forward({ data: message });
}

/**
 * The RPC layer parses what it gets without a guard, so that a malformed message would be an unhandled rejection here.
 * A message has an id `i`; a request's payload `p` has the procedure's path `u`; types (`t`) 3 and 4 are a stream's item and an abort.
 */
function isRpcMessage(message: string): boolean {
  try {
    const { i, t, p } = JSON.parse(message) as Readonly<Record<string, unknown>>;
    if (typeof i !== "string") return false;
    if (t === 4) return true;
    if (typeof p !== "object" || p === null) return false;
    return t === 3 || ("u" in p && typeof p.u === "string" && /^\/[\w/.-]*$/.test(p.u));
  } catch {
    return false;
  }
}

type Stream = AsyncIterableIterator<unknown, unknown, undefined>;
function isStream(value: unknown): value is Stream {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value && "next" in value;
}

/** How many items of one stream may still be sent; `take` waits for credit. */
class CreditWindow {
  #left: number;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(items: number) {
    this.#left = items;
  }
  add(items: number): void {
    this.#left += items;
    this.#wake?.();
  }
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }
  async take(): Promise<void> {
    while (this.#left <= 0 && !this.#closed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#left--;
  }
}

/** The stream, which makes its next item only once there is credit for it. */
function withinWindow(stream: Stream, window: CreditWindow, ended: () => void): Stream {
  const limited: Stream = {
    async next() {
      await window.take();
      const result = await stream.next();
      if (result.done) ended();
      return result;
    },
    async return(value) {
      ended();
      return (await stream.return?.(value)) ?? { done: true, value };
    },
    [Symbol.asyncIterator]: () => limited,
  };
  return limited;
}
