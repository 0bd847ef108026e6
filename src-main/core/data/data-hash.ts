import type { Store } from "../store/index.ts";
import { DataHash } from "./hash.ts";
import { trainingIdentities } from "./source.ts";

/** Data hashes of versions, made anew only when something was decided about a row since. */
export class DataHashes {
  readonly #store: Store;
  readonly #known = new Map<string, { revision: number; hash: string; rows: number }>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Hash and number of the rows of a version that train as they are now. */
  async of(versionId: string): Promise<{ hash: string; rows: number }> {
    const { revision } = this.#store.datasets.version(versionId);
    const known = this.#known.get(versionId);
    if (known?.revision === revision) return known;
    const hash = new DataHash();
    let rows = 0;
    for await (const page of trainingIdentities(this.#store, versionId)) {
      for (const row of page) hash.add(row.hash, row.review);
      rows += page.length;
    }
    const made = { revision, hash: hash.digest(), rows };
    this.#known.set(versionId, made);
    return made;
  }
}
