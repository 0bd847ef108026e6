import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

export const repositoryRoot = resolve(import.meta.dirname, "..");

/** A file or folder of the reference material beside the checkout, or undefined where a clone does not have it. */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(repositoryRoot, "..", "shared", ...parts);
  return existsSync(path) ? path : undefined;
}
