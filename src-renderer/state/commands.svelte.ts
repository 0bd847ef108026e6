import { untrack } from "svelte";

/** Something the command palette can do while a view is open. */
export interface Command {
  readonly id: string;
  readonly label: string;
  readonly keys?: string;
  run(): void;
}

class Commands {
  #items = $state.raw<readonly Command[]>([]);

  get items(): readonly Command[] {
    return this.#items;
  }

  /** For an effect: answers what takes them away again. */
  add(commands: readonly Command[]): () => void {
    this.#items = [...untrack(() => this.#items), ...commands];
    return () => {
      this.#items = this.#items.filter((each) => !commands.includes(each));
    };
  }
}

export const commands = new Commands();

const EDITABLE = "input, textarea, select, [contenteditable=true], [role=dialog] *, [role=menu] *";

/** Single-key shortcuts while the calling component lives; silent while text is typed or a dialog is open. */
export function useKeys(keys: () => Readonly<Record<string, () => void>>): void {
  $effect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      // editors live in shadow roots, whose host would stand for the text that is typed in
      const [target] = event.composedPath();
      if (target instanceof Element && target.matches(EDITABLE)) return;
      const run = keys()[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!run) return;
      event.preventDefault();
      run();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });
}
