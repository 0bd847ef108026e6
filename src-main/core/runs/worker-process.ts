import { fork, type ChildProcess } from "node:child_process";
import { constants, setPriority } from "node:os";
import * as v from "valibot";
import { workerMessage, type CoreMessage, type WorkerEvent, type WorkerMessage } from "#shared/worker/protocol.ts";
import { entryPath } from "../../entries.ts";
import { nodeBinary } from "./node-binary.ts";

/** Characters of stderr that are kept: the last words of a crash. */
const STDERR_TAIL = 16_384;

/** How a worker's process ended, and what is known about why. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** Resident memory at the last heartbeat. */
  readonly rssBytes: number;
  /** Set when it said something that the protocol does not know. */
  readonly protocolError: string | null;
}

export interface WorkerListener {
  /** A message is acknowledged after this returned: what is recorded then is safe. */
  onEvent(event: WorkerEvent, message: WorkerMessage): void;
  onExit(exit: WorkerExit): void;
}

/** A worker process: sends it what core says, parses what it answers, and tells how it ended. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #listener: WorkerListener;
  #stderr = "";
  #rssBytes = 0;
  #protocolError: string | null = null;

  /** @param background leaves the machine to others: the process runs at a lower priority */
  constructor(listener: WorkerListener, { background = true }: { background?: boolean } = {}) {
    this.#listener = listener;
    const node = nodeBinary();
    const { ELECTRON_RUN_AS_NODE: _, NODE_OPTIONS: __, ...env } = process.env;
    this.#child = fork(entryPath("worker"), [], {
      execPath: node.path,
      execArgv: [],
      env: { ...env, ...node.env },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    if (background) giveWay(this.#child.pid);
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL);
    });
    this.#child.on("message", (message) => this.#receive(message));
    this.#child.on("error", (error) => (this.#stderr += error.message));
    // "close" comes after the streams have ended, so that the last words are there.
    this.#child.on("close", (code, signal) => this.#ended(code, signal));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** A worker that is gone hears nothing; its exit is told by `onExit`. */
  send(message: CoreMessage): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#child.kill(signal);
  }

  #receive(message: unknown): void {
    const parsed = v.safeParse(workerMessage, message);
    if (!parsed.success) {
      this.#protocolError = v.flatten(parsed.issues).root?.[0] ?? "an unknown message";
      this.kill();
      return;
    }
    const { event, sequence } = parsed.output;
    if (event.type === "heartbeat") this.#rssBytes = event.rssBytes;
    this.#listener.onEvent(event, parsed.output);
    this.send({ type: "ack", sequence });
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    const protocolError = this.#protocolError;
    this.#listener.onExit({ code, signal, stderr: this.#stderr, rssBytes: this.#rssBytes, protocolError });
  }
}

function giveWay(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // gone already, or not allowed: it runs as any other
  }
}
