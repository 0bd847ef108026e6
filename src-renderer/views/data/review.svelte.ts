import type { RowDetail, Verdict } from "#shared/contract/datasets.ts";
import type { ErrorReport } from "#shared/errors.ts";
import type { WeightSpan } from "#shared/text/types.ts";
import { core } from "../../client.ts";
import { reportOf } from "../../state/errors.ts";

interface Options {
  readonly versionId: () => string;
  /** Told the row as it is after each change. */
  readonly onchange: (detail: RowDetail) => void;
}

/**
 * What a reviewer does to conversations. Changes are sent one after the other in the order of the keys, however fast they
 * come; undo goes back over rows, in the order of this session.
 */
export class Review {
  readonly #options: Options;
  #error = $state.raw<ErrorReport | undefined>();
  #waiting = $state(0);
  #queue: Promise<unknown> = Promise.resolve();
  #done: string[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  /** Of the last change that failed; the next one that works clears it. */
  get error(): ErrorReport | undefined {
    return this.#error;
  }
  get busy(): boolean {
    return this.#waiting > 0;
  }

  judge(rowId: string, verdict: Verdict, messageIndex?: number): Promise<boolean> {
    const turn = messageIndex === undefined ? {} : { messageIndex };
    return this.#change(rowId, (key) => core.datasets.setVerdict({ ...key, verdict, ...turn }));
  }

  edit(rowId: string, messageIndex: number, content: string): Promise<boolean> {
    return this.#change(rowId, (key) => core.datasets.editMessage({ ...key, messageIndex, content }));
  }

  /** Gives characters of a message a weight; 1 takes the paint off. */
  paint(rowId: string, messageIndex: number, span: WeightSpan): Promise<boolean> {
    return this.#change(rowId, (key) => core.datasets.paintMessage({ ...key, messageIndex, ...span }));
  }

  /** Takes back the last change of this session, else the last one of `open`. Answers the row's id, or undefined where there was none. */
  async undo(open: RowDetail | undefined): Promise<string | undefined> {
    const rowId = await this.#enqueue(async () => {
      const last = this.#done.at(-1) ?? (open?.canUndo ? open.id : undefined);
      if (last === undefined) return undefined;
      this.#options.onchange(await core.datasets.undo({ versionId: this.#options.versionId(), rowId: last }));
      this.#done = this.#done.slice(0, -1);
      return last;
    });
    return rowId;
  }

  async #change(
    rowId: string,
    send: (key: { versionId: string; rowId: string }) => Promise<RowDetail>,
  ): Promise<boolean> {
    const worked = await this.#enqueue(async () => {
      this.#options.onchange(await send({ versionId: this.#options.versionId(), rowId }));
      this.#done.push(rowId);
      return true;
    });
    return worked ?? false;
  }

  /** Answers undefined when it failed. */
  #enqueue<T>(work: () => Promise<T>): Promise<T | undefined> {
    this.#waiting += 1;
    const result = this.#queue.then(work).then(
      (value) => {
        this.#error = undefined;
        return value;
      },
      (error: unknown) => {
        this.#error = reportOf(error);
        return undefined;
      },
    );
    this.#queue = result;
    return result.finally(() => (this.#waiting -= 1));
  }
}
