/**
 * The narrow thing that the contract runs over: text messages, in order, both ways. A WebSocket, a MessagePort and a
 * child process's IPC are each a few lines away from it, so that client and server code exist once.
 * Only structural types here: this folder knows neither the DOM nor Node.
 */
export interface Channel {
  send(message: string): void;
  onMessage(listener: (message: string) => void): void;
  /** Called once, also when it was closed before the listener came. */
  onClose(listener: () => void): void;
  close(): void;
}

/** RPC messages are JSON objects; a message with another first character is ours. */
const CREDIT = "+";
const GOODBYE = "!";

/** Names a stream in the call that opens it, so that credit for it can be told apart. */
export const STREAM_HEADER = "sift-stream";
/** Items of one stream that may be on their way or waiting in the client: a slow reader slows its writer, never its memory. */
export const STREAM_WINDOW = 64;

export interface Credit {
  readonly stream: string;
  readonly items: number;
}
export const creditMessage = ({ stream, items }: Credit): string => `${CREDIT}${items}:${stream}`;

/** A message as what it is: credit for a stream, or one for the RPC layer. */
export function parseCredit(message: string): Credit | undefined {
  if (!message.startsWith(CREDIT)) return undefined;
  const colon = message.indexOf(":");
  const items = Number(message.slice(1, colon));
  return colon > 0 && Number.isSafeInteger(items) && items > 0
    ? { stream: message.slice(colon + 1), items }
    : undefined;
}

interface EventSource<Type extends string> {
  addEventListener(type: Type, listener: (event: object) => void): void;
}
export interface WebSocketLike extends EventSource<"message" | "close"> {
  readonly readyState: number;
  send(data: string): void;
  close(): void;
}
export interface MessagePortLike extends EventSource<"message" | "close"> {
  postMessage(data: string): void;
  start(): void;
  close(): void;
}

/** Listeners of a channel. What arrives before the first listener waits for it; that it has closed is told once. */
export class ChannelEvents {
  readonly #messages: ((message: string) => void)[] = [];
  readonly #closes: (() => void)[] = [];
  readonly #early: string[] = [];
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }
  receive(data: unknown): void {
    if (typeof data !== "string" || this.#closed) return;
    if (data === GOODBYE) return this.end();
    if (this.#messages.length === 0) this.#early.push(data);
    for (const listener of this.#messages) listener(data);
  }
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#closes) listener();
  }
  onMessage(listener: (message: string) => void): void {
    this.#messages.push(listener);
    for (const message of this.#early.splice(0)) listener(message);
  }
  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closes.push(listener);
  }
}

interface Pipe {
  post(message: string): void;
  shut(): void;
}

/** A channel over anything that posts text; the other side is told when this one closes, also where its kind has no close event. */
export function channelOver(events: ChannelEvents, pipe: Pipe): Channel {
  return {
    send: (message) => {
      if (!events.closed) pipe.post(message);
    },
    onMessage: (listener) => events.onMessage(listener),
    onClose: (listener) => events.onClose(listener),
    close: () => {
      if (events.closed) return;
      pipe.post(GOODBYE);
      pipe.shut();
      events.end();
    },
  };
}

const dataOf = (event: object): unknown => ("data" in event ? event.data : undefined);
const OPEN = 1;

/** An open WebSocket as a channel. */
export function webSocketChannel(socket: WebSocketLike): Channel {
  const events = new ChannelEvents();
  socket.addEventListener("message", (event) => events.receive(dataOf(event)));
  socket.addEventListener("close", () => events.end());
  const post = (message: string) => {
    if (socket.readyState === OPEN) socket.send(message);
  };
  return channelOver(events, { post, shut: () => socket.close() });
}

/** A MessagePort (a browser's, or Node's) as a channel. */
export function messagePortChannel(port: MessagePortLike): Channel {
  const events = new ChannelEvents();
  port.addEventListener("message", (event) => events.receive(dataOf(event)));
  port.addEventListener("close", () => events.end());
  port.start();
  return channelOver(events, { post: (message) => port.postMessage(message), shut: () => port.close() });
}

/** Two ends in one process: a command that is its own core talks to it like any other client. */
export function channelPair(): readonly [Channel, Channel] {
  const ends = [new ChannelEvents(), new ChannelEvents()] as const;
  const end = (mine: ChannelEvents, other: ChannelEvents): Channel => {
    const post = (message: string) => void Promise.resolve().then(() => other.receive(message));
    return channelOver(mine, { post, shut: () => undefined });
  };
  return [end(ends[0], ends[1]), end(ends[1], ends[0])];
}

/** Passes everything on between two channels: how a process without a core of its own serves one that lives elsewhere. */
export function joinChannels(a: Channel, b: Channel): void {
  a.onMessage((message) => b.send(message));
  b.onMessage((message) => a.send(message));
  a.onClose(() => b.close());
  b.onClose(() => a.close());
}
