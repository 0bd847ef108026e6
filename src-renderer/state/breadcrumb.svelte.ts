export interface Crumb {
  readonly label: string;
  readonly href: string;
}

/** What the open view adds behind its own name in the top bar. */
class Breadcrumb {
  #items = $state.raw<readonly Crumb[]>([]);

  get items(): readonly Crumb[] {
    return this.#items;
  }

  set(items: readonly Crumb[]): void {
    this.#items = items;
  }
}

export const breadcrumb = new Breadcrumb();

/** Keeps the breadcrumb in step while the calling component lives. */
export function useBreadcrumb(items: () => readonly Crumb[]): void {
  $effect(() => {
    breadcrumb.set(items());
    return () => breadcrumb.set([]);
  });
}
