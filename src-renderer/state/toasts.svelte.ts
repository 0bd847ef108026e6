export type Tone = "good" | "bad" | "info";
export interface Toast {
  readonly id: number;
  readonly tone: Tone;
  readonly text: string;
  readonly action: { label: string; run: () => void } | undefined;
}
const SHOWN_MS = 6000;

/** Passing news. An error is never only here: the place where it happened shows it in an ErrorPanel. */
class Toasts {
  #items = $state.raw<readonly Toast[]>([]);
  #next = 1;

  get items(): readonly Toast[] {
    return this.#items;
  }

  show(tone: Tone, text: string, action?: Toast["action"]): void {
    const toast: Toast = { id: this.#next++, tone, text, action };
    this.#items = [...this.#items.slice(-3), toast];
    setTimeout(() => this.dismiss(toast.id), SHOWN_MS);
  }

  dismiss(id: number): void {
    this.#items = this.#items.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
