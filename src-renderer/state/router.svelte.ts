import { href, parseRoute, type Params, type Route, type View } from "./routes.ts";

export { href, type View };

/** Where the user is. The address carries it, so that a reload and a copied link lead to the same place. */
class Router {
  #route = $state.raw<Route>(parseRoute(typeof window === "undefined" ? "" : window.location.hash));

  constructor() {
    if (typeof window === "undefined") return;
    window.addEventListener("hashchange", () => (this.#route = parseRoute(window.location.hash)));
  }

  get route(): Route {
    return this.#route;
  }
  get view(): View {
    return this.#route.view;
  }

  part(index: number): string | undefined {
    return this.#route.parts[index];
  }
  param(name: string): string {
    return this.#route.params[name] ?? "";
  }

  go(view: View, parts: readonly string[] = [], params: Params = {}): void {
    window.location.hash = href(view, parts, params);
  }

  /** Changes params of the current place without a step in the history (selection, filter, search). */
  adjust(params: Params, parts?: readonly string[]): void {
    const address = href(this.view, parts ?? this.#route.parts, { ...this.#route.params, ...params });
    if (address === window.location.hash) return;
    window.history.replaceState(window.history.state, "", address);
    this.#route = parseRoute(address);
  }
}

export const router = new Router();

/** Attachment: brings a scrolling element back to where it was, also after a reload. */
export function keepScroll(key: string): (element: HTMLElement) => () => void {
  return (element) => {
    const name = `sift.scroll.${key}`;
    const wanted = Number(sessionStorage.getItem(name) ?? 0);
    const restore = (): void => {
      if (wanted > 0 && element.scrollHeight > wanted) element.scrollTop = wanted;
    };
    const observer = new ResizeObserver(restore);
    const content = element.firstElementChild;
    if (content) observer.observe(content);
    const stop = setTimeout(() => observer.disconnect(), 1500);
    const save = (): void => sessionStorage.setItem(name, String(element.scrollTop));
    element.addEventListener("scroll", save, { passive: true });
    return () => {
      clearTimeout(stop);
      observer.disconnect();
      element.removeEventListener("scroll", save);
    };
  };
}
