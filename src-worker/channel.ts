import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import {
  coreMessage,
  HEARTBEAT_INTERVAL_MS,
  type CoreMessage,
  type WorkerEvent,
  type WorkerMessage,
} from "#shared/worker/protocol.ts";

/** The worker's end of the IPC channel: numbers and sends events, checks what comes in. */
export class Channel {
  #sequence = 0;
  #last: Promise<void> = Promise.resolve();
  #heartbeat: NodeJS.Timeout | undefined;

  /** @throws SiftError `no-channel` where the process was not started with one. */
  constructor() {
    if (!process.send) throw new SiftError("no-channel", "the worker is started by Sift, with an IPC channel");
  }

  send(event: WorkerEvent): void {
    const message: WorkerMessage = { sequence: ++this.#sequence, time: Date.now(), event };
    this.#last = new Promise((resolve) => {
      if (!process.connected) resolve();
      else process.send?.(message, () => resolve());
    });
  }

  /** Calls `handle` for every valid message; `invalid` for anything else. */
  listen(handle: (message: CoreMessage) => void, invalid: (error: SiftError) => void): void {
    process.on("message", (raw) => {
      const parsed = v.safeParse(coreMessage, raw);
      if (parsed.success) return handle(parsed.output);
      const issue = parsed.issues[0];
      const what = v.getDotPath(issue) ?? "message";
      invalid(
        new SiftError("bad-message", `core sent what this worker does not understand: ${issue.message}`, {
          where: { what },
        }),
      );
    });
  }

  startHeartbeat(): void {
    const beat = () => this.send({ type: "heartbeat", rssBytes: process.memoryUsage.rss() });
    this.#heartbeat = setInterval(beat, HEARTBEAT_INTERVAL_MS);
    this.#heartbeat.unref();
  }

  /** Resolves once everything that was sent has left the process. */
  async flush(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#last;
  }
}
