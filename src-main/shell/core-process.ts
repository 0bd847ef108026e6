import { utilityProcess } from "electron";
import type { MessagePortMain } from "electron";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SiftError } from "#shared/errors.ts";
import { applicationRoot, entryPath } from "../entries.ts";
import { isToShell } from "./core-protocol.ts";
import type { ToShell } from "./core-protocol.ts";

/** The core's process as the shell sees it, whichever kind it is. */
export interface CoreProcess {
  /** Gives core the other end of a window's port. */
  connect(port: MessagePortMain): void;
  onMessage(listener: (message: ToShell) => void): void;
  onExit(listener: (code: number | null) => void): void;
  /** Asks core to stop its runs, close and exit. */
  shutdown(): void;
  kill(): void;
}

const NEEDED_NODE_MAJOR = 22;

/** Electron's own Node where it is new enough for core's native modules; else the Node that the package `node` brought. */
export function startCore(home: string): CoreProcess {
  const args = ["--home", home];
  const major = Number(process.versions.node.split(".")[0]);
  return major >= NEEDED_NODE_MAJOR ? startUtility(args) : startChild(args);
}

function startUtility(args: string[]): CoreProcess {
  const child = utilityProcess.fork(entryPath("core"), args, { serviceName: "Sift core", stdio: "inherit" });
  return {
    connect: (port) => child.postMessage({ kind: "open", channel: 0 }, [port]),
    onMessage: (listener) => {
      child.on("message", (message: unknown) => {
        if (isToShell(message)) listener(message);
      });
    },
    onExit: (listener) => child.on("exit", (code) => listener(code)),
    shutdown: () => child.postMessage({ kind: "shutdown" }),
    kill: () => void child.kill(),
  };
}

function startChild(args: string[]): CoreProcess {
  const child = spawn(externalNode(), [entryPath("core"), ...args], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const send = (message: object) => {
    if (child.connected) child.send(message);
  };
  let channels = 0;
  return {
    connect: (port) => bridge({ child, port, channel: ++channels, send }),
    onMessage: (listener) => {
      child.on("message", (message: unknown) => {
        if (isToShell(message)) listener(message);
      });
    },
    onExit: (listener) => child.on("exit", (code) => listener(code)),
    shutdown: () => send({ kind: "shutdown" }),
    kill: () => void child.kill("SIGKILL"),
  };
}

interface Bridge {
  readonly child: ChildProcess;
  readonly port: MessagePortMain;
  readonly channel: number;
  readonly send: (message: object) => void;
}

/** Carries one port's text messages over the child's IPC; src-main/core/serve/node-channels.ts is the other side. */
function bridge({ child, port, channel, send }: Bridge): void {
  const receive = (message: unknown) => {
    if (typeof message !== "object" || message === null) return;
    if (!("channel" in message) || message.channel !== channel || !("kind" in message)) return;
    if (message.kind === "data" && "data" in message) port.postMessage(message.data);
    if (message.kind === "close") port.close();
  };
  child.on("message", receive);
  child.on("exit", () => port.close());
  send({ kind: "open", channel });
  port.on("message", (event) => send({ kind: "data", channel, data: event.data as unknown }));
  port.on("close", () => {
    child.off("message", receive);
    send({ kind: "close", channel });
  });
  port.start();
}

function externalNode(): string {
  const packaged = ["bin/node", "bin/node.exe"].map((name) => join(applicationRoot, "node_modules", "node", name));
  const candidates = [process.env["SIFT_NODE"], ...packaged].filter((file) => file !== undefined);
  const found = candidates.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new SiftError("no-node", `This Electron's Node is ${process.versions.node}; core needs ${NEEDED_NODE_MAJOR}.`, {
    remedy: "Update Electron, or set SIFT_NODE to the path of a newer Node.",
  });
}
