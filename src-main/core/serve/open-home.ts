import { setTimeout as sleep } from "node:timers/promises";
import { channelPair, joinChannels } from "#shared/contract/channel.ts";
import type { Channel } from "#shared/contract/channel.ts";
import { connectSift } from "#shared/contract/client.ts";
import type { Connection, SiftClient } from "#shared/contract/client.ts";
import { SiftError } from "#shared/errors.ts";
import { openCore } from "../index.ts";
import type { Core, CoreOptions } from "../index.ts";
import { dataHome } from "../system/home.ts";
import { serveChannel } from "./channel-server.ts";
import { connectHome, publishHome } from "./home-socket.ts";

/** A data home that can be worked with: by a core in this process, or through the one that already lives. */
export interface OpenHome {
  readonly home: string;
  /** True while the core is in this process; false while another process holds the home. */
  readonly owned: boolean;
  /** Answers the contract on a channel. */
  accept(channel: Channel): void;
  readonly client: SiftClient;
  close(): Promise<void>;
}

/** One way of reaching the core of a home. */
interface Access {
  readonly owned: boolean;
  accept(channel: Channel): void;
  close(): Promise<void>;
}

/**
 * Opens the home here, or becomes a client of the core that holds it. When that core goes away (its window was closed, it
 * crashed), this process opens the home itself: whoever was connected reconnects and finds it there.
 */
export async function openHome(options: Pick<CoreOptions, "home" | "desktop" | "startQueue"> = {}): Promise<OpenHome> {
  const opened = new HomeAccess(options);
  await opened.ready();
  return opened;
}

/** A core that is being closed still holds the lock, one that starts does not answer yet: both are given this long. */
const PATIENCE_MS = 15_000;
const RETRY_MS = 150;

class HomeAccess implements OpenHome {
  readonly home: string;
  owned = false;
  readonly #options: CoreOptions;
  readonly #connection: Connection;
  #access: Promise<Access>;
  #closed = false;

  constructor(options: CoreOptions) {
    this.#options = options;
    this.home = dataHome(options.home);
    this.#access = this.#acquire();
    this.#connection = connectSift({
      open: () => this.#openOwnChannel(),
      delay: (milliseconds) => sleep(milliseconds),
    });
  }

  get client(): SiftClient {
    return this.#connection.client;
  }

  async ready(): Promise<void> {
    await this.#access;
  }

  accept(channel: Channel): void {
    this.#access.then(
      (access) => access.accept(channel),
      () => channel.close(),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection.close();
    const access = await this.#access.catch(() => undefined);
    await access?.close();
  }

  async #openOwnChannel(): Promise<Channel> {
    const access = await this.#access;
    const [mine, served] = channelPair();
    access.accept(served);
    return mine;
  }

  async #acquire(): Promise<Access> {
    const access = await this.#ownOrJoin();
    this.owned = access.owned;
    return access;
  }

  async #ownOrJoin(): Promise<Access> {
    for (let waited = 0; ; waited += RETRY_MS) {
      try {
        return await own(await openCore(this.#options));
      } catch (error) {
        if (!(error instanceof SiftError) || error.code !== "home-in-use") throw error;
        const joined = await join(this.home, () => this.#ownerLost()).catch(() => undefined);
        if (joined) return joined;
        if (waited >= PATIENCE_MS) throw error;
      }
      await sleep(RETRY_MS);
    }
  }

  #ownerLost(): void {
    if (this.#closed) return;
    this.#access = this.#acquire();
    this.#access.catch((error: unknown) => {
      process.stderr.write(`sift: ${error instanceof Error ? error.message : String(error)}\n`);
    });
  }
}

async function own(core: Core): Promise<Access> {
  const accept = (channel: Channel) => serveChannel(core.router, channel);
  const published = await publishHome(core.paths.home, accept);
  const close = async () => {
    await published.close();
    await core.close();
  };
  return { owned: true, accept, close };
}

/** One connection stays open to notice when the owner goes away; each page gets one of its own. */
async function join(home: string, onLost: () => void): Promise<Access> {
  const sentinel = await connectHome(home);
  sentinel.onClose(onLost);
  const accept = (channel: Channel) => {
    connectHome(home).then(
      (other) => joinChannels(channel, other),
      () => channel.close(),
    );
  };
  return { owned: false, accept, close: () => Promise.resolve(sentinel.close()) };
}
