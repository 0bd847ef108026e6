import type { Snippet } from "svelte";
import * as v from "valibot";
import { Stored } from "./stored.svelte.ts";

/** The pane at the right: shown or not, and what the open view puts in. */
class Inspector {
  readonly #shown = new Stored("inspector", v.boolean(), true);
  #content = $state.raw<Snippet | undefined>();

  get shown(): boolean {
    return this.#shown.value && this.#content !== undefined;
  }
  get available(): boolean {
    return this.#content !== undefined;
  }
  get content(): Snippet | undefined {
    return this.#content;
  }

  toggle(): void {
    this.#shown.value = !this.#shown.value;
  }

  /** Shows `content` while the view that gives it is open. */
  provide(content: Snippet): () => void {
    this.#content = content;
    return () => {
      if (this.#content === content) this.#content = undefined;
    };
  }
}

export const inspector = new Inspector();
