import { setTimeout as sleep } from "node:timers/promises";

/** How the run was asked to end before its time. */
export type StopMode = "save" | "discard";

/** Between two looks at what was asked for while nothing happens. */
const LOOK_MS = 100;

/** What core asked of the run in progress; looked at between steps. */
export class RunControl {
  #stop: StopMode | undefined;
  #save = false;
  #paused = false;
  #resumed = false;

  get stopMode(): StopMode | undefined {
    return this.#stop;
  }
  get paused(): boolean {
    return this.#paused;
  }

  stop(mode: StopMode): void {
    this.#stop = mode;
  }
  save(): void {
    this.#save = true;
  }
  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    this.#paused = false;
    this.#resumed = true;
  }

  /** Whether a checkpoint was asked for since the last call. */
  takeSave(): boolean {
    const asked = this.#save;
    this.#save = false;
    return asked;
  }

  /** Waits until `ready`, a resume or a stop; `ready` is asked every `everyMs`. */
  async wait(everyMs: number, ready: () => boolean): Promise<void> {
    this.#resumed = false;
    for (let waited = 0; this.#stop === undefined && !this.#resumed; waited += LOOK_MS) {
      if (waited >= everyMs && ready()) return;
      if (waited >= everyMs) waited = 0;
      await sleep(LOOK_MS);
    }
  }
}
