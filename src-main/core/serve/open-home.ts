import { channelPair, joinChannels } from "#shared/contract/channel.ts";
import type { Channel } from "#shared/contract/channel.ts";
import { channelLink, createSiftClient } from "#shared/contract/client.ts";
import type { SiftClient } from "#shared/contract/client.ts";
import { SiftError } from "#shared/errors.ts";
import { openCore } from "../index.ts";
import type { Core } from "../index.ts";
import { dataHome } from "../system/home.ts";
import { serveChannel } from "./channel-server.ts";
import { connectHome, publishHome } from "./home-socket.ts";

/** A data home that can be worked with: by a core in this process, or through the one that already lives. */
export interface OpenHome {
  readonly home: string;
  /** The core in this process; undefined when another process holds the home. */
  readonly core: Core | undefined;
  /** Answers the contract on a channel. */
  accept(channel: Channel): void;
  readonly client: SiftClient;
  close(): Promise<void>;
}

export interface OpenHomeOptions {
  readonly home?: string | undefined;
  readonly desktop?: boolean;
  /** See CoreOptions. */
  readonly startQueue?: boolean;
}

/** Opens the home here, or becomes a client of the core that holds it. */
export async function openHome(options: OpenHomeOptions = {}): Promise<OpenHome> {
  try {
    return await ownHome(await openCore(options));
  } catch (error) {
    if (!(error instanceof SiftError) || error.code !== "home-in-use") throw error;
    return joinHome(dataHome(options.home));
  }
}

async function ownHome(core: Core): Promise<OpenHome> {
  const { home } = core.paths;
  const accept = (channel: Channel) => serveChannel(core.router, channel);
  const [mine, served] = channelPair();
  accept(served);
  const published = await publishHome(home, accept);
  const close = async () => {
    mine.close();
    await published.close();
    await core.close();
  };
  return { home, core, accept, client: createSiftClient(channelLink(mine)), close };
}

async function joinHome(home: string): Promise<OpenHome> {
  const mine = await connectHome(home);
  const accept = (channel: Channel) => {
    connectHome(home).then(
      (other) => joinChannels(channel, other),
      () => channel.close(),
    );
  };
  const close = () => Promise.resolve(mine.close());
  return { home, core: undefined, accept, client: createSiftClient(channelLink(mine)), close };
}
