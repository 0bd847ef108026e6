import type { RowDetail, Verdict } from "#shared/contract/datasets.ts";
import { core } from "../../client.ts";
import { Action } from "../../state/action.svelte.ts";

/** The open conversation and what a reviewer does to it. Undo goes back over rows, in the order of this session. */
export class Review {
  readonly action = new Action();
  #detail = $state.raw<RowDetail | undefined>();
  #done: string[] = [];
  #versionId = "";

  get detail(): RowDetail | undefined {
    return this.#detail;
  }

  async open(versionId: string, rowId: string): Promise<void> {
    this.#versionId = versionId;
    const detail = await core.datasets.row({ versionId, rowId });
    this.#detail = detail;
  }

  close(): void {
    this.#detail = undefined;
  }

  /** Puts in the row that another query has fetched. */
  take(versionId: string, detail: RowDetail | undefined): void {
    this.#versionId = versionId;
    this.#detail = detail;
  }

  /** Answers true when core has recorded it. Pressing the same verdict again takes it off. */
  async judge(verdict: Verdict, messageIndex?: number): Promise<boolean> {
    const detail = this.#detail;
    if (!detail) return false;
    const now = messageIndex === undefined ? detail.verdict : detail.turnVerdicts[messageIndex];
    const next: Verdict = now === verdict ? "none" : verdict;
    const key = { versionId: this.#versionId, rowId: detail.id };
    const index = messageIndex === undefined ? {} : { messageIndex };
    return this.#apply(detail.id, () => core.datasets.setVerdict({ ...key, verdict: next, ...index }));
  }

  async edit(messageIndex: number, content: string): Promise<boolean> {
    const detail = this.#detail;
    if (!detail) return false;
    const key = { versionId: this.#versionId, rowId: detail.id };
    return this.#apply(detail.id, () => core.datasets.editMessage({ ...key, messageIndex, content }));
  }

  /** Takes back the last change of this session, else the last one of the open row; answers the row's id, or undefined where there is none. */
  async undo(): Promise<string | undefined> {
    const rowId = this.#done.at(-1) ?? (this.#detail?.canUndo ? this.#detail.id : undefined);
    if (rowId === undefined) return undefined;
    const detail = await this.action.run(() => core.datasets.undo({ versionId: this.#versionId, rowId }));
    if (!detail) return undefined;
    this.#done = this.#done.slice(0, -1);
    if (this.#detail?.id === rowId) this.#detail = detail;
    return rowId;
  }

  async #apply(rowId: string, change: () => Promise<RowDetail>): Promise<boolean> {
    const detail = await this.action.run(change);
    if (!detail) return false;
    this.#done.push(rowId);
    if (this.#detail?.id === rowId) this.#detail = detail;
    return true;
  }
}
