import * as v from "valibot";
import { Stored } from "../../state/stored.svelte.ts";

const pin = v.object({ versionId: v.string(), rowId: v.string(), index: v.number() });
export type Pin = v.InferOutput<typeof pin>;

/** Rows that can be pinned at a time. */
export const MOST_PINS = 5;

/** Conversations that are kept at hand; a reload keeps them. */
export class Pins {
  readonly #stored = new Stored<Pin[]>("template.pins", v.array(pin), []);

  of(versionId: string | undefined): readonly Pin[] {
    return this.#stored.value.filter((each) => each.versionId === versionId);
  }
  has(versionId: string | undefined, rowId: string): boolean {
    return this.of(versionId).some((each) => each.rowId === rowId);
  }
  full(versionId: string | undefined): boolean {
    return this.of(versionId).length >= MOST_PINS;
  }

  /** Pins or unpins; a sixth is refused. */
  toggle(next: Pin): void {
    const rest = this.#stored.value.filter((each) => each.versionId !== next.versionId || each.rowId !== next.rowId);
    if (rest.length < this.#stored.value.length) this.#stored.value = rest;
    else if (!this.full(next.versionId)) this.#stored.value = [...this.#stored.value, next];
  }
}
