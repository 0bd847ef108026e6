import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** A folder under `parent` that does not exist or is empty: `name`, `name-2`, … */
export function freeFolder(parent: string, name: string): string {
  const plain =
    name
      .replace(/[^\p{L}\p{N}._ -]+/gu, "-")
      .slice(0, 80)
      .trim() || "run";
  for (let n = 1; ; n += 1) {
    const folder = join(parent, n === 1 ? plain : `${plain}-${n}`);
    if (!existsSync(folder) || readdirSync(folder).length === 0) return folder;
  }
}
