import type { ConfigEntry, ConfigValue } from "../contract/runs.ts";
import { SiftError } from "../errors.ts";
import { collectValues, shown, type Collected } from "./collect.ts";
import { findImpossible, findWithoutEffect } from "./combinations.ts";
import { CONFIG_KEYS, CONFIG_KEY_NAMES, isConfigKey } from "./keys.ts";
import type { ConfigKey, ConfigLayer, ConfigProblem, ResolveContext, ResolvedConfig, RunConfig } from "./types.ts";
import { coerceValue } from "./values.ts";

/** All keys from the layers (lowest first), with the source of each value; never throws. */
export function resolveConfig(layers: readonly ConfigLayer[], context: ResolveContext = {}): ResolvedConfig {
  const collected = collectValues(layers, context);
  const entries = CONFIG_KEY_NAMES.filter(isConfigKey).map((key) => makeEntry(key, collected, context));
  const values = new Map(entries.map((entry) => [entry.key as ConfigKey, entry.value]));
  const settings = { values, given: collected.given, context };
  const problems = [
    ...collected.problems,
    ...missing(entries, context, collected.problems),
    ...findImpossible(settings),
  ];
  const notices = [...collected.notices, ...findWithoutEffect(settings)];
  return { config: problems.length === 0 ? toRunConfig(entries) : null, entries, problems, notices };
}

/** The configuration, or one error that names every problem. */
export function requireConfig(resolved: ResolvedConfig): RunConfig {
  const [first, ...others] = resolved.problems;
  if (resolved.config) return resolved.config;
  const rest = others.map((problem) => `; ${problem.message}`).join("");
  throw new SiftError("bad-config", `${first?.message ?? "the configuration is incomplete"}${rest}`, {
    ...(first?.where ? { where: first.where } : { where: { what: first?.key ?? "" } }),
    ...(first?.remedy ? { remedy: first.remedy } : {}),
  });
}

/** A configuration that was resolved before (a job, a manifest, a record), each value checked again by its key's type. */
export function parseRunConfig(record: Readonly<Record<string, unknown>>): RunConfig {
  const values = CONFIG_KEY_NAMES.filter(isConfigKey).map((key) => [key, checkedAgain(key, record[key])] as const);
  return toRunConfig(values.map(([key, value]) => ({ key, value })));
}

function checkedAgain(key: ConfigKey, raw: unknown): ConfigValue {
  const spec = CONFIG_KEYS[key];
  if (raw === null) return null;
  // made before there was this key
  if (raw === undefined) return spec.defaultValue;
  if (spec.type === "list" && Array.isArray(raw) && raw.length === 0) return [];
  const coerced = coerceValue(spec, raw);
  if ("value" in coerced) return coerced.value;
  throw new SiftError("bad-config", `${key}: expected ${coerced.expected}, got ${shown(raw)}`, {
    where: { what: key },
  });
}

function makeEntry(key: ConfigKey, collected: Collected, context: ResolveContext): ConfigEntry {
  const spec = CONFIG_KEYS[key];
  const given = collected.given.get(key);
  const plain = new Map([...collected.given].map(([name, { value }]) => [name as string, value]));
  const adapterValue = adapterDefault(key, context);
  const defaultValue = adapterValue ?? (spec.derive ? spec.derive(plain, context) : spec.defaultValue);
  return {
    key,
    value: given ? given.value : defaultValue,
    source: given ? given.layer.source : "default",
    defaultValue,
    reason: adapterValue === undefined ? spec.reason : "It comes from the adapter that training goes on with.",
    type: spec.type,
    choices: [...(spec.choices ?? [])],
    group: spec.group,
  };
}

function adapterDefault(key: ConfigKey, { adapter }: ResolveContext): ConfigValue | undefined {
  if (!adapter || !Object.hasOwn(adapter, key)) return undefined;
  const value = adapter[key as keyof typeof adapter];
  return typeof value === "object" ? [...value] : value;
}

function missing(
  entries: readonly ConfigEntry[],
  context: ResolveContext,
  known: readonly ConfigProblem[],
): ConfigProblem[] {
  const reported = new Set(known.map((problem) => problem.key));
  return entries
    .map((entry) => entry.key as ConfigKey)
    .filter((key) => CONFIG_KEYS[key].required && !context.supplied?.includes(key) && !reported.has(key))
    .filter((key) => entries.some((entry) => entry.key === key && entry.value === null))
    .map((key) => ({ key, message: `${key} is required`, remedy: CONFIG_KEYS[key].reason }));
}

/** The one place where checked values become the typed configuration; a list without value is empty. */
function toRunConfig(entries: readonly Pick<ConfigEntry, "key" | "value">[]): RunConfig {
  const isList = (key: string) => isConfigKey(key) && CONFIG_KEYS[key].type === "list";
  const pairs = entries.map(({ key, value }) => [key, value === null && isList(key) ? [] : value]);
  const record: unknown = Object.fromEntries(pairs);
  return record as RunConfig;
}
