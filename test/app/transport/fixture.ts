import { implement } from "@orpc/server";
import { createConnection, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import { messagePortChannel, webSocketChannel } from "#shared/contract/channel.ts";
import type { Channel } from "#shared/contract/channel.ts";
import { connectSift } from "#shared/contract/client.ts";
import type { Connection } from "#shared/contract/client.ts";
import type { RowSummary } from "#shared/contract/datasets.ts";
import { contract } from "#shared/contract/index.ts";
import type { AppEvent } from "#shared/contract/system.ts";
import { serveChannel } from "#main/core/serve/channel-server.ts";
import { startServer } from "#main/core/serve/http-server.ts";
import { socketChannel } from "#main/core/serve/node-channels.ts";

/** What the streaming procedure has done so far, seen from its own side. */
export interface Producer {
  produced: number;
  returned: boolean;
  /** Inputs of the slow procedures, as they came. */
  readonly asked: string[];
}

/** Real procedures of the contract with made-up answers: the transports are under test, not core. */
export function testRouter(producer: Producer) {
  const server = implement(contract);
  return {
    system: {
      events: server.system.events.handler(async function* ({ signal }) {
        try {
          for (; !signal?.aborted; producer.produced++) {
            yield { type: "runs", runId: String(producer.produced) } satisfies AppEvent;
            await sleep(0);
          }
        } finally {
          producer.returned = true;
        }
      }),
    },
    datasets: {
      rows: server.datasets.rows.handler(async ({ input, errors }) => {
        if (input.versionId === "slow") {
          producer.asked.push("rows");
          await sleep(50);
        }
        if (input.versionId === "missing") {
          throw errors.SIFT({
            data: { code: "no-such-version", message: "There is no version missing.", remedy: "Import it." },
          });
        }
        return { total: 20_000, rows: Array.from({ length: input.limit }, (_, index) => rowAt(index)) };
      }),
      remove: server.datasets.remove.handler(async () => {
        producer.asked.push("remove");
        await sleep(50);
        return {};
      }),
    },
  };
}

function rowAt(index: number): RowSummary {
  const title = `第 ${index} 行 “${"x".repeat(60)}”`;
  return {
    id: `row-${index}`,
    index,
    line: index + 1,
    title,
    turns: 4,
    characters: 900,
    verdict: "none",
    edited: false,
  };
}

export interface Transport {
  readonly connection: Connection;
  /** Cuts the line without a goodbye, as a crash would. */
  cut(): void;
  close(): Promise<void>;
}

const delay = (milliseconds: number): Promise<void> => sleep(milliseconds);

function overPort(producer: Producer): Promise<Transport> {
  const servers: Channel[] = [];
  const open = () => {
    const { port1, port2 } = new MessageChannel();
    const server = messagePortChannel(port1);
    servers.push(server);
    serveChannel(testRouter(producer), server);
    return Promise.resolve(messagePortChannel(port2));
  };
  const cut = () => servers.at(-1)?.close();
  const connection = connectSift({ open, delay });
  return Promise.resolve({ connection, cut, close: () => Promise.resolve(connection.close()) });
}

async function overWebSocket(producer: Producer): Promise<Transport> {
  const assets = await mkdtemp(join(tmpdir(), "sift-page-"));
  await writeFile(join(assets, "index.html"), "<!doctype html>");
  const server = await startServer({ accept: (channel) => serveChannel(testRouter(producer), channel), assets });
  const sockets: WebSocket[] = [];
  const open = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/rpc?token=${server.token}`);
    sockets.push(socket);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    return webSocketChannel(socket);
  };
  const connection = connectSift({ open, delay });
  const close = async () => {
    connection.close();
    await server.close();
  };
  return { connection, cut: () => sockets.at(-1)?.close(), close };
}

async function overSocket(producer: Producer): Promise<Transport> {
  const server = createServer((socket) => serveChannel(testRouter(producer), socketChannel(socket)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  let last: ReturnType<typeof createConnection> | undefined;
  const open = async () => {
    const socket = createConnection(port, "127.0.0.1");
    last = socket;
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return socketChannel(socket);
  };
  const connection = connectSift({ open, delay });
  const close = () => {
    connection.close();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { connection, cut: () => last?.destroy(), close };
}

/** Every way the contract travels. */
export const transports = { MessagePort: overPort, WebSocket: overWebSocket, "local socket": overSocket } as const;
