import { SvelteMap } from "svelte/reactivity";
import type { Pack } from "#shared/contract/packing.ts";
import type { ErrorReport } from "#shared/errors.ts";
import { core } from "../../../client.ts";
import { isAbort, reportOf } from "../../../state/errors.ts";

const PAGE = 100;

/** The packs of a proof, fetched page by page as they come into view. */
export class PackPages {
  #error = $state.raw<ErrorReport | undefined>();
  readonly #packs = new SvelteMap<number, Pack>();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing is drawn from it
  readonly #asked = new Set<number>();
  #of: { proofId: string; maxLength: number } | undefined;
  #abort = new AbortController();

  get error(): ErrorReport | undefined {
    return this.#error;
  }

  /** Forgets the packs of another proof. */
  show(of: { proofId: string; maxLength: number }): void {
    this.close();
    this.#abort = new AbortController();
    this.#of = of;
    this.#asked.clear();
    this.#packs.clear();
    this.#error = undefined;
  }

  close(): void {
    this.#abort.abort();
  }

  /** The pack at a place; undefined while its page is on its way. */
  at(place: number): Pack | undefined {
    return this.#packs.get(place);
  }

  /** Asks for the page of a place that came into view. */
  need(place: number): void {
    const page = Math.floor(place / PAGE);
    if (this.#of && !this.#asked.has(page)) void this.#fetch(page, this.#of);
  }

  async #fetch(page: number, of: { proofId: string; maxLength: number }): Promise<void> {
    this.#asked.add(page);
    const { signal } = this.#abort;
    try {
      const packs = await core.packing.packs({ ...of, offset: page * PAGE, limit: PAGE }, { signal });
      if (signal.aborted) return;
      packs.forEach((pack, at) => this.#packs.set(page * PAGE + at, pack));
      this.#error = undefined;
    } catch (error) {
      this.#asked.delete(page);
      if (!signal.aborted && !isAbort(error)) this.#error = reportOf(error);
    }
  }
}
