import type { MessageEvent, MessagePortMain, ParentPort } from "electron";
import { parseArgs } from "node:util";
import { ChannelEvents, channelOver } from "#shared/contract/channel.ts";
import type { Channel } from "#shared/contract/channel.ts";
import { formatError, toErrorReport } from "#shared/errors.ts";
import { followActivity } from "./activity.ts";
import { acceptBridgedChannels } from "./node-channels.ts";
import { openHome } from "./open-home.ts";

/**
 * Core as a process of its own under the desktop shell: a utility process, which is handed its windows' ports, or a Node
 * child, which carries them over its IPC. `src-main/shell/core-process.ts` is the other side and names the messages.
 */
interface Shell {
  tell(message: object): void;
  onShutdown(listener: () => void): void;
  acceptChannels(accept: (channel: Channel) => void): void;
}

const isShutdown = (message: unknown): boolean =>
  typeof message === "object" && message !== null && "kind" in message && message.kind === "shutdown";

function shellOverPorts(parent: ParentPort): Shell {
  return {
    tell: (message) => parent.postMessage(message),
    onShutdown: (listener) => {
      parent.on("message", (event: MessageEvent) => {
        if (isShutdown(event.data)) listener();
      });
    },
    acceptChannels: (accept) => {
      parent.on("message", ({ ports }: MessageEvent) => {
        for (const port of ports) accept(portChannel(port));
      });
    },
  };
}

function portChannel(port: MessagePortMain): Channel {
  const events = new ChannelEvents();
  port.on("message", (event) => events.receive(event.data));
  port.on("close", () => events.end());
  port.start();
  return channelOver(events, { post: (message) => port.postMessage(message), shut: () => port.close() });
}

function shellOverIpc(): Shell {
  return {
    tell: (message) => {
      if (process.connected) process.send?.(message);
    },
    onShutdown: (listener) => {
      process.on("message", (message) => {
        if (isShutdown(message)) listener();
      });
      process.on("disconnect", listener);
    },
    acceptChannels: acceptBridgedChannels,
  };
}

async function main(shell: Shell): Promise<void> {
  const { values } = parseArgs({ options: { home: { type: "string" } }, strict: false });
  const opening = openHome({ desktop: true, home: typeof values.home === "string" ? values.home : undefined });
  shell.acceptChannels((channel) => {
    opening.then(
      (home) => home.accept(channel),
      () => channel.close(),
    );
  });
  const following = new AbortController();
  shell.onShutdown(() => {
    if (following.signal.aborted) return;
    following.abort();
    void opening.then((home) => home.close()).finally(() => process.exit(0));
  });
  const home = await opening;
  shell.tell({ kind: "ready" });
  const changed = (runs: readonly { id: string; name: string }[]) =>
    shell.tell({ kind: "activity", runs: runs.map(({ id, name }) => ({ id, name })) });
  const ended = ({ name, sentence }: { name: string; sentence: string }) =>
    shell.tell({ kind: "ended", name, sentence });
  await followActivity(home.client, { changed, ended }, following.signal);
}

const parent: ParentPort | undefined = process.parentPort;
const shell = parent ? shellOverPorts(parent) : shellOverIpc();
main(shell).catch((error: unknown) => {
  const report = toErrorReport(error);
  process.stderr.write(`${formatError(report)}\n`);
  shell.tell({ kind: "failed", message: report.message, remedy: report.remedy ?? "" });
  setTimeout(() => process.exit(1), 200);
});
