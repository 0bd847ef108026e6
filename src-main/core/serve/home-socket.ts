import { createHash } from "node:crypto";
import { chmod, rm } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Channel } from "#shared/contract/channel.ts";
import { socketChannel } from "./node-channels.ts";

/** The kernel's limit for a socket's path is 104 bytes on macOS and 108 on Linux. */
const LONGEST_PATH_BYTES = 100;

/** Where the core of this data home can be reached by other processes of the same user. */
export function homeSocketPath(home: string): string {
  const name = createHash("sha256").update(home).digest("hex").slice(0, 24);
  if (process.platform === "win32") return `\\\\.\\pipe\\sift-${name}`;
  const path = join(home, "core.sock");
  return Buffer.byteLength(path) <= LONGEST_PATH_BYTES ? path : join(tmpdir(), `sift-${name}.sock`);
}

export interface PublishedSocket {
  close(): Promise<void>;
}

/** Lets other processes of this user connect. Call it only while holding the home's lock: a leftover socket is replaced. */
export async function publishHome(home: string, accept: (channel: Channel) => void): Promise<PublishedSocket> {
  const path = homeSocketPath(home);
  const open = new Set<Channel>();
  const server = createServer((socket) => {
    const channel = socketChannel(socket);
    open.add(channel);
    channel.onClose(() => open.delete(channel));
    accept(channel);
  });
  if (process.platform !== "win32") await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  if (process.platform !== "win32") await chmod(path, 0o600);
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const channel of open) channel.close();
    await closed;
  };
  return { close };
}

/** A channel to the core that holds this home's lock; rejects when none answers. */
export function connectHome(home: string): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(homeSocketPath(home));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socketChannel(socket));
    });
  });
}
