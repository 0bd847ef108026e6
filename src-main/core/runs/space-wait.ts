import { DISK_FULL } from "./failure.ts";

/** Between two attempts to write what a full disk refused. */
const RETRY_MS = 3000;

export const isDiskFull = (error: unknown): boolean => DISK_FULL.test(error instanceof Error ? error.message : "");

/** A wait for space on the disk that somebody may cut short. */
export class SpaceWait {
  #wake: (() => void) | undefined;

  get waiting(): boolean {
    return this.#wake !== undefined;
  }

  async wait(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** Tries again at once. */
  wake(): void {
    this.#wake?.();
  }
}
