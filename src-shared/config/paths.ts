import type { ConfigValue } from "../contract/runs.ts";
import type { ConfigLayer, PathKind, ResolveContext } from "./types.ts";

const SEPARATOR = /[\\/]/;
const RELATIVE_START = /^\.{1,2}([\\/]|$)/;
const EXTENSION = /\.[A-Za-z][A-Za-z0-9]*$/;

/** Relative paths count from the folder of the layer that they were written in; names stay as written. */
export function resolvePaths(
  kind: PathKind,
  value: ConfigValue,
  layer: ConfigLayer,
  context: ResolveContext,
): ConfigValue {
  if (Array.isArray(value)) return value.map((item) => resolveOne(kind, item, layer, context));
  return typeof value === "string" ? resolveOne(kind, value, layer, context) : value;
}

function resolveOne(kind: PathKind, value: string, layer: ConfigLayer, context: ResolveContext): string {
  if (layer.baseDir === undefined || !context.resolvePath) return value;
  const path = context.resolvePath(layer.baseDir, value);
  return isPath(kind, value, () => context.exists?.(path) ?? false) ? path : value;
}

function isPath(kind: PathKind, value: string, exists: () => boolean): boolean {
  switch (kind) {
    case "path":
      return true;
    case "template":
      return !value.startsWith("own:") && (EXTENSION.test(value) || SEPARATOR.test(value));
    case "file-or-name":
      return EXTENSION.test(value) || SEPARATOR.test(value) || exists();
    case "folder-or-name": // "owner/name" is a name where no such folder exists
      return RELATIVE_START.test(value) || exists();
  }
}
