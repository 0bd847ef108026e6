import type { ErrorReport } from "#shared/errors.ts";
import { isAbort, reportOf } from "./errors.ts";

/** Something the user started: busy while it runs, and the error of the last try, to be shown where the button is. */
export class Action {
  #busy = $state(false);
  #error = $state.raw<ErrorReport | undefined>();

  get busy(): boolean {
    return this.#busy;
  }
  get error(): ErrorReport | undefined {
    return this.#error;
  }

  clear(): void {
    this.#error = undefined;
  }

  /** Answers undefined when it failed, or when an earlier try is still under way. */
  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#busy) return undefined;
    this.#busy = true;
    this.#error = undefined;
    try {
      return await work();
    } catch (error) {
      if (!isAbort(error)) this.#error = reportOf(error);
      return undefined;
    } finally {
      this.#busy = false;
    }
  }
}
