import type { ConfigValue } from "../contract/runs.ts";
import { FOREIGN_NAMES, NEAREST_BY_USE, type ForeignName } from "./foreign.ts";
import { CONFIG_KEYS, CONFIG_KEY_NAMES, isConfigKey } from "./keys.ts";
import { nearest } from "./nearest.ts";
import { resolvePaths } from "./paths.ts";
import type { ConfigKey, ConfigLayer, ConfigProblem, ResolveContext } from "./types.ts";
import { coerceValue } from "./values.ts";

export interface GivenValue {
  readonly value: ConfigValue;
  readonly layer: ConfigLayer;
  /** The name that it was given by. */
  readonly name: string;
}

export interface Collected {
  readonly given: Map<ConfigKey, GivenValue>;
  readonly problems: ConfigProblem[];
  readonly notices: ConfigProblem[];
}

/** The given values of all layers, later ones winning; what cannot be taken becomes a problem, what has no effect a notice. */
export function collectValues(layers: readonly ConfigLayer[], context: ResolveContext): Collected {
  const collected: Collected = { given: new Map(), problems: [], notices: [] };
  for (const layer of layers) {
    for (const [name, raw] of Object.entries(layer.values)) {
      if (raw !== null && raw !== undefined) takeValue({ name, raw, layer }, context, collected);
    }
  }
  return collected;
}

interface Entry {
  readonly name: string;
  readonly raw: unknown;
  readonly layer: ConfigLayer;
}

function takeValue(entry: Entry, context: ResolveContext, into: Collected): void {
  const name = entry.name.replaceAll("-", "_");
  const foreign = FOREIGN_NAMES.get(name);
  if (isConfigKey(name)) setValue(name, entry, context, into);
  else if (foreign) takeForeign(foreign, entry, context, into);
  else into.problems.push(unknownKey(entry));
}

function setValue(key: ConfigKey, entry: Entry, context: ResolveContext, into: Collected): void {
  const spec = CONFIG_KEYS[key];
  if (spec.unset !== undefined && entry.raw === spec.unset) return;
  const coerced = coerceValue(spec, entry.raw);
  if ("expected" in coerced) {
    const message = `${entry.name}: expected ${coerced.expected}, got ${shown(entry.raw)}`;
    into.problems.push(problem(entry, message, coerced.remedy ?? `Set ${entry.name} to ${coerced.expected}`));
    return;
  }
  const value = spec.resolves ? resolvePaths(spec.resolves, coerced.value, entry.layer, context) : coerced.value;
  const before = into.given.get(key);
  if (before?.layer === entry.layer && shown(before.value) !== shown(value)) {
    const message = `${before.name} and ${entry.name} are the same setting, with different values`;
    into.problems.push(problem(entry, message, `Keep ${key} only`));
  }
  into.given.set(key, { value, layer: entry.layer, name: entry.name });
}

function takeForeign(foreign: ForeignName, entry: Entry, context: ResolveContext, into: Collected): void {
  const { name, raw } = entry;
  switch (foreign.kind) {
    case "mapped":
      takeMapped(foreign, entry, context, into);
      return;
    case "ignored":
      into.notices.push(problem(entry, `${name} is ignored: ${foreign.why}`, null));
      return;
    case "refused":
      if (foreign.harmless.some((value) => sameText(value, raw))) {
        into.notices.push(problem(entry, `${name}: ${shown(raw)} is how Sift works anyway`, null));
      } else {
        into.problems.push(problem(entry, `${name}: ${shown(raw)} is not offered`, `Instead: ${foreign.instead}`));
      }
  }
}

/** A value that becomes null says what Sift does anyway. */
function takeMapped(
  foreign: Extract<ForeignName, { kind: "mapped" }>,
  entry: Entry,
  context: ResolveContext,
  into: Collected,
): void {
  const raw = foreign.convert ? foreign.convert(entry.raw) : entry.raw;
  const said =
    raw === null
      ? `${entry.name}: ${shown(entry.raw)} is how Sift works anyway`
      : `${entry.name} is read as ${foreign.to}`;
  into.notices.push(problem(entry, said, null));
  if (raw !== null) setValue(foreign.to, { ...entry, raw }, context, into);
}

function unknownKey(entry: Entry): ConfigProblem {
  const name = entry.name.replaceAll("-", "_");
  const own = NEAREST_BY_USE.get(name) ?? nearest(name, CONFIG_KEY_NAMES) ?? "";
  return problem(entry, `${entry.name} is not a key of a run; the nearest is ${own}`, `Did you mean ${own}?`);
}

function problem(entry: Entry, message: string, remedy: string | null): ConfigProblem {
  const { file, lines } = entry.layer;
  const line = lines?.[entry.name];
  const where = { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }), what: entry.name };
  return { key: entry.name.replaceAll("-", "_"), message, remedy, where };
}

/** A flag's text `none` and a file's `none` or `{}` mean the same. */
const sameText = (harmless: ConfigValue, raw: unknown): boolean => shown(harmless) === shown(raw) || harmless === raw;

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return value === "" ? '""' : value;
  return JSON.stringify(value) ?? String(value);
}
