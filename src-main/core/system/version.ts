import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { applicationRoot } from "../../entries.ts";

/** The version in package.json. */
export function applicationVersion(): string {
  const packageFile: unknown = JSON.parse(readFileSync(join(applicationRoot, "package.json"), "utf8"));
  return v.parse(v.object({ version: v.string() }), packageFile).version;
}
