import * as v from "valibot";
import { router } from "../../state/router.svelte.ts";
import { Stored } from "../../state/stored.svelte.ts";

export const PANES = ["tokens", "rendered", "conversation"] as const;
export type Pane = (typeof PANES)[number];
export const LAYOUTS = ["auto", "tabs", "columns", "rows"] as const;
export type Layout = (typeof LAYOUTS)[number];

/** From this width on three panes have room beside each other. */
const WIDE = 960;

/** Which panes of the template view are on screen. The address carries the tab, a reload brings all of it back. */
export class PaneLayout {
  readonly #chosen = new Stored<Layout>("template.layout", v.picklist(LAYOUTS), "auto");
  readonly #tab = new Stored<Pane>("template.show", v.picklist(PANES), "tokens");

  get chosen(): Layout {
    return this.#chosen.value;
  }
  set chosen(layout: Layout) {
    this.#chosen.value = layout;
  }

  get tab(): Pane {
    const named = PANES.find((pane) => pane === router.param("show"));
    return named ?? this.#tab.value;
  }
  set tab(pane: Pane) {
    this.#tab.value = pane;
    router.adjust({ show: pane });
  }

  /** What a width gives. */
  at(width: number): Exclude<Layout, "auto"> {
    if (this.chosen !== "auto") return this.chosen;
    return width >= WIDE ? "columns" : "tabs";
  }
}
