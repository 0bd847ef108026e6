import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { webSocketChannel } from "#shared/contract/channel.ts";
import type { Channel } from "#shared/contract/channel.ts";
import { SiftError } from "#shared/errors.ts";
import { contentPolicy, SAFETY_HEADERS } from "../../content-policy.ts";
import { staticFile } from "../../static-files.ts";
import {
  cookieNameFor,
  hostAllowed,
  isLoopback,
  newToken,
  originAllowed,
  tokenAllowed,
  tokenCookie,
} from "./access.ts";
import type { AccessRules } from "./access.ts";

export interface ServeOptions {
  /** Answers the contract on the channel of each page that connects. */
  readonly accept: (channel: Channel) => void;
  /** The built page. */
  readonly assets: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  readonly token?: string;
}

export interface RunningServer {
  /** Opens the workbench, token included. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  close(): Promise<void>;
}

/** Where the contract's WebSocket is; everything else is a file or a deep link. */
export const RPC_PATH = "/rpc";
/** Uploads come in 1 MiB chunks as base64; nothing that a client sends is larger than a few of those. */
const LARGEST_MESSAGE_BYTES = 16 << 20;
/** A laptop that slept or a lost network leaves half-open sockets: whoever misses two pings is gone. */
const PING_INTERVAL_MS = 20_000;

/** Serves the page and the contract; listens on loopback unless told otherwise. */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const host = options.host ?? "127.0.0.1";
  const token = options.token ?? newToken();
  const server = createServer();
  const port = await listen(server, host, options.port ?? 0);
  const rules: AccessRules = { token, loopback: isLoopback(host), cookieName: cookieNameFor(port) };

  server.on("request", (request, response) => {
    answer({ request, response, rules, assets: options.assets }).catch(() => refuse(response, 500, "Internal error"));
  });
  const sockets = acceptSockets(server, rules, options.accept);
  return {
    url: `http://${urlHost(host)}:${port}/?token=${token}`,
    port,
    token,
    close: () => closeAll(server, sockets),
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is taken`,
    EACCES: `port ${port} needs more rights than this user has`,
    EADDRNOTAVAIL: `this machine has no address ${host}`,
  };
  const reason = reasons[error.code ?? ""] ?? error.message;
  return new SiftError("cannot-listen", `Cannot listen on ${host}:${port}: ${reason}.`, {
    remedy: "Choose another --port or --host; without --port a free one is taken.",
    cause: error,
  });
}

/** The address to type: a server that listens everywhere is reached by loopback from here. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly rules: AccessRules;
  readonly assets: string;
}

async function answer({ request, response, rules, assets }: Exchange): Promise<void> {
  const url = requestUrl(request);
  if (!url || !hostAllowed(request, rules)) return refuse(response, 403, "This name does not lead to Sift.");
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, 405, "Only GET and HEAD.");
  if (!tokenAllowed(request, url, rules)) return refuse(response, 403, "Open the address that `sift serve` printed.");
  if (url.searchParams.has("token")) return enter(response, url, rules);
  const found = await staticFile(assets, url.pathname);
  if (!found) return refuse(response, 404, "There is no such file.");
  response.writeHead(200, {
    ...SAFETY_HEADERS,
    "Content-Type": found.type,
    "Content-Security-Policy": contentPolicy({ connect: `ws://${request.headers.host}` }),
    "Cache-Control": found.immutable ? "private, max-age=31536000, immutable" : "no-cache",
  });
  if (request.method === "HEAD") response.end();
  else
    createReadStream(found.file)
      .on("error", () => response.destroy())
      .pipe(response);
}

/** Moves the token from the address into a cookie, so that it stays out of the history and of screenshots. */
function enter(response: ServerResponse, url: URL, rules: AccessRules): void {
  url.searchParams.delete("token");
  response.writeHead(302, { ...SAFETY_HEADERS, Location: url.pathname + url.search, "Set-Cookie": tokenCookie(rules) });
  response.end();
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { ...SAFETY_HEADERS, "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${message}\n`);
}

function requestUrl(request: IncomingMessage): URL | undefined {
  try {
    return new URL(request.url ?? "/", "http://sift.invalid");
  } catch {
    return undefined;
  }
}

function acceptSockets(server: Server, rules: AccessRules, accept: (channel: Channel) => void): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  server.on("upgrade", (request, stream, head) => {
    const url = requestUrl(request);
    const allowed = url && hostAllowed(request, rules) && originAllowed(request) && tokenAllowed(request, url, rules);
    if (!allowed || url.pathname !== RPC_PATH) return turnAway(stream);
    sockets.handleUpgrade(request, stream, head, (socket) => {
      keepAlive(socket);
      accept(webSocketChannel(socket));
    });
  });
  return sockets;
}

function turnAway(stream: Duplex): void {
  stream.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

function keepAlive(socket: WebSocket): void {
  let missed = 0;
  const timer = setInterval(() => {
    if (missed++ >= 2) socket.terminate();
    else socket.ping();
  }, PING_INTERVAL_MS);
  timer.unref();
  socket.on("pong", () => (missed = 0));
  socket.on("error", () => socket.terminate());
  socket.on("close", () => clearInterval(timer));
}

async function closeAll(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.close(1001);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
