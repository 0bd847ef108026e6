export const VIEWS = ["home", "data", "template", "train", "runs", "models", "chat", "compare", "settings"] as const;
export type View = (typeof VIEWS)[number];
export type Params = Record<string, string>;

export interface Route {
  readonly view: View;
  /** The parts after the view: `#/runs/r1/log` has ["r1", "log"]. */
  readonly parts: readonly string[];
  readonly params: Params;
}

const isView = (name: string): name is View => (VIEWS as readonly string[]).includes(name);

/** An address that was cut or typed wrongly is taken as it stands. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** `#/data/d1/rows?q=a` → view, parts, params. Anything unknown is Home. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view = "", ...parts] = path.split("/").filter(Boolean).map(decode);
  return isView(view)
    ? { view, parts, params: Object.fromEntries(new URLSearchParams(query)) }
    : { view: "home", parts: [], params: {} };
}

/** The address of a place in the app, for `href`. Empty params are left out. */
export function href(view: View, parts: readonly string[] = [], params: Params = {}): string {
  const path = [view, ...parts.map(encodeURIComponent)].join("/");
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== "")).toString();
  return `#/${path}${query === "" ? "" : `?${query}`}`;
}
