import * as v from "valibot";
import { Stored } from "../../state/stored.svelte.ts";
import { COLOURINGS, SHAPES, type Colouring, type TokenShape } from "./colours.ts";

const options = v.object({
  shape: v.picklist(SHAPES),
  colouring: v.picklist(COLOURINGS),
  ids: v.boolean(),
  spaces: v.boolean(),
});
type Options = v.InferOutput<typeof options>;

/** How tokens are drawn, wherever they are drawn; a reload keeps it. */
class TokenOptions {
  readonly #stored = new Stored<Options>("tokens.options", options, {
    shape: "text",
    colouring: "label",
    ids: false,
    spaces: false,
  });

  get shape(): TokenShape {
    return this.#stored.value.shape;
  }
  get colouring(): Colouring {
    return this.#stored.value.colouring;
  }
  /** Ids are written under chips. */
  get ids(): boolean {
    return this.#stored.value.ids;
  }
  /** Spaces are drawn as signs. */
  get spaces(): boolean {
    return this.#stored.value.spaces;
  }

  set(change: Partial<Options>): void {
    this.#stored.value = { ...this.#stored.value, ...change };
  }
}

export const tokenOptions = new TokenOptions();
