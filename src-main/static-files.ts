import { realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
  ".map": "application/json",
};

export interface StaticFile {
  readonly file: string;
  readonly type: string;
  /** The name carries a content hash: it may be kept for ever. */
  readonly immutable: boolean;
}

/**
 * The file behind a URL path, inside `folder` only (symbolic links included); a path without an extension is a deep link
 * into the page, so it is index.html. Undefined: there is none, or the path is not a clean one.
 */
export async function staticFile(folder: string, urlPath: string): Promise<StaticFile | undefined> {
  const path = decoded(urlPath);
  if (path === undefined) return undefined;
  const relative = extname(path) === "" ? "index.html" : path;
  const file = await inside(folder, join(folder, relative));
  if (file === undefined) return undefined;
  const type = TYPES[extname(file).toLowerCase()] ?? "application/octet-stream";
  return { file, type, immutable: relative.startsWith("/assets/") };
}

/** Undefined for a path that climbs, holds a NUL or a backslash, or is not valid percent-encoding. */
function decoded(urlPath: string): string | undefined {
  try {
    const path = decodeURIComponent(urlPath);
    const clean = path.startsWith("/") && !/[\0\\]/.test(path) && !path.split("/").includes("..");
    return clean ? path : undefined;
  } catch {
    return undefined;
  }
}

async function inside(folder: string, file: string): Promise<string | undefined> {
  try {
    const [root, real] = await Promise.all([realpath(folder), realpath(file)]);
    return real.startsWith(root + sep) && (await stat(real)).isFile() ? real : undefined;
  } catch {
    return undefined;
  }
}
