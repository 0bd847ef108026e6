import type { Socket } from "node:net";
import { ChannelEvents, channelOver } from "#shared/contract/channel.ts";
import type { Channel } from "#shared/contract/channel.ts";

/** Longer than any message of ours (a 20,000-row page is some 5 MB): whoever sends more is not speaking the contract. */
const LONGEST_LINE_BYTES = 64 << 20;

/** A stream socket as a channel: a message a line (JSON has no raw line breaks). */
export function socketChannel(socket: Socket): Channel {
  const events = new ChannelEvents();
  const lines = new LineSplitter((line) => events.receive(line));
  socket.on("data", (chunk: Buffer) => {
    if (!lines.push(chunk)) socket.destroy();
  });
  socket.on("error", () => events.end());
  socket.on("close", () => events.end());
  return channelOver(events, { post: (message) => socket.write(`${message}\n`), shut: () => socket.end() });
}

/** Cuts a byte stream at line feeds without joining the same bytes twice. */
class LineSplitter {
  readonly #onLine: (line: string) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** False when a line is longer than any of ours. */
  push(chunk: Buffer): boolean {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      this.#pending.push(chunk.subarray(from, at));
      const line = Buffer.concat(this.#pending).toString("utf8");
      this.#pending = [];
      this.#pendingBytes = 0;
      from = at + 1;
      this.#onLine(line);
    }
    if (from < chunk.length) {
      this.#pending.push(chunk.subarray(from));
      this.#pendingBytes += chunk.length - from;
    }
    return this.#pendingBytes <= LONGEST_LINE_BYTES;
  }
}

/** What a parent and its child process say to each other: one process carries the channels of many windows. */
export type BridgeMessage =
  | { readonly kind: "open"; readonly channel: number }
  | { readonly kind: "data"; readonly channel: number; readonly data: string }
  | { readonly kind: "close"; readonly channel: number };

export function isBridgeMessage(message: unknown): message is BridgeMessage {
  if (typeof message !== "object" || message === null) return false;
  if (!("kind" in message) || !("channel" in message) || typeof message.channel !== "number") return false;
  return (
    message.kind === "open" ||
    message.kind === "close" ||
    (message.kind === "data" && "data" in message && typeof message.data === "string")
  );
}

/** The child's side: a channel for each that the parent opens. */
export function acceptBridgedChannels(onChannel: (channel: Channel) => void): void {
  const open = new Map<number, ChannelEvents>();
  const tell = (message: BridgeMessage) => {
    if (process.connected) process.send?.(message);
  };
  process.on("message", (message) => {
    if (!isBridgeMessage(message)) return;
    const id = message.channel;
    if (message.kind === "data") return open.get(id)?.receive(message.data);
    if (message.kind === "close") return open.get(id)?.end();
    const events = new ChannelEvents();
    open.set(id, events);
    events.onClose(() => open.delete(id));
    onChannel(
      channelOver(events, {
        post: (data) => tell({ kind: "data", channel: id, data }),
        shut: () => tell({ kind: "close", channel: id }),
      }),
    );
  });
  process.on("disconnect", () => {
    for (const events of open.values()) events.end();
  });
}
