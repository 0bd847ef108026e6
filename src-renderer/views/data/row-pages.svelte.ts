import type { RowSummary, Verdict } from "#shared/contract/datasets.ts";
import { SvelteMap } from "svelte/reactivity";
import type { ErrorReport } from "#shared/errors.ts";
import { core } from "../../client.ts";
import { isAbort, reportOf } from "../../state/errors.ts";

export interface RowFilter {
  readonly versionId: string;
  readonly verdict?: Verdict;
  readonly search?: string;
  readonly finding?: { readonly proofId: string; readonly class: string };
}

const PAGE = 200;

/** The rows of a filter, fetched page by page as they come into view, so that a million rows cost what is seen. */
export class RowPages {
  #total = $state<number | undefined>();
  #error = $state.raw<ErrorReport | undefined>();
  readonly #rows = new SvelteMap<number, RowSummary>();
  readonly #places = new SvelteMap<string, number>();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing is drawn from it
  readonly #asked = new Set<number>();
  #filter: RowFilter | undefined;
  #abort = new AbortController();

  /** Undefined until the first page is here. */
  get total(): number | undefined {
    return this.#total;
  }
  get error(): ErrorReport | undefined {
    return this.#error;
  }

  /** Shows another filter, or the same one again after a change: what is on screen stays until the answer is here. */
  async show(filter: RowFilter, near = 0): Promise<void> {
    const same = JSON.stringify(filter) === JSON.stringify(this.#filter);
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#filter = filter;
    this.#asked.clear();
    if (!same) {
      this.#forget();
      this.#total = undefined;
    }
    await this.#fetch(Math.max(0, Math.floor(near / PAGE)), !same);
  }

  close(): void {
    this.#abort.abort();
  }

  /** The row at a place of the list; undefined while its page is on its way. */
  at(index: number): RowSummary | undefined {
    return this.#rows.get(index);
  }

  /** Asks for the pages around a place that came into view. */
  need(index: number): void {
    void this.#fetch(Math.floor(index / PAGE), false);
  }

  /** The row at a place, fetched first where needed. */
  async load(index: number): Promise<RowSummary | undefined> {
    if (!this.#rows.has(index)) {
      this.#asked.delete(Math.floor(index / PAGE));
      await this.#fetch(Math.floor(index / PAGE), false);
    }
    return this.#rows.get(index);
  }

  /** Where a row is among those that are loaded, or -1. */
  placeOf(rowId: string): number {
    return this.#places.get(rowId) ?? -1;
  }

  async #fetch(page: number, fresh: boolean): Promise<void> {
    const filter = this.#filter;
    if (!filter || this.#asked.has(page)) return;
    this.#asked.add(page);
    const { signal } = this.#abort;
    const { versionId, verdict, search, finding } = filter;
    try {
      const answer = await core.datasets.rows(
        {
          versionId,
          offset: page * PAGE,
          limit: PAGE,
          ...(verdict === undefined ? {} : { verdict }),
          ...(search ? { search } : {}),
          ...(finding === undefined ? {} : { finding }),
        },
        { signal },
      );
      if (signal.aborted) return;
      if (fresh || answer.total !== this.#total) this.#forget();
      this.#total = answer.total;
      this.#error = undefined;
      answer.rows.forEach((row, at) => {
        this.#rows.set(page * PAGE + at, row);
        this.#places.set(row.id, page * PAGE + at);
      });
    } catch (error) {
      this.#asked.delete(page);
      if (!signal.aborted && !isAbort(error)) this.#error = reportOf(error);
    }
  }

  #forget(): void {
    this.#rows.clear();
    this.#places.clear();
  }
}
