import { FOREIGN_NAMES } from "./foreign.ts";
import { CONFIG_KEYS, isConfigKey } from "./keys.ts";
import { parseFlagTexts } from "./values.ts";
import type { ConfigLayer } from "./types.ts";

export interface ParsedFlags {
  readonly layer: ConfigLayer;
  /** Arguments that belong to no flag (the run file). */
  readonly positionals: readonly string[];
}

/**
 * `--key value`, `--key=value`, `--key` alone (true); a list takes several words. Names of other tools are kept for
 * `resolveConfig`, which maps or refuses them; so are unknown ones and texts of the wrong type, to be named there.
 */
export function parseFlags(args: readonly string[], baseDir?: string): ParsedFlags {
  const values: Record<string, unknown> = {};
  const positionals: string[] = [];
  for (let i = 0; i < args.length;) {
    const flag = /^--([^=]+)(=([\s\S]*))?$/.exec(args[i] ?? "");
    if (!flag) {
      positionals.push(args[i] ?? "");
      i += 1;
      continue;
    }
    const [, written = "", , inline] = flag;
    const texts = inline === undefined ? takeTexts(written, args.slice(i + 1)) : [inline];
    values[written] = parseFlag(written, texts);
    i += 1 + (inline === undefined ? texts.length : 0);
  }
  return { layer: { source: "flag", values, ...(baseDir === undefined ? {} : { baseDir }) }, positionals };
}

/** A flag's texts by its key's type; what does not fit stays text, so that the error can show it. */
export function parseFlag(name: string, texts: readonly string[]): unknown {
  const key = name.replaceAll("-", "_");
  if (!isConfigKey(key)) return foreignValue(texts);
  const parsed = parseFlagTexts(CONFIG_KEYS[key], texts);
  if ("value" in parsed) return parsed.value;
  const asWritten = numeric(CONFIG_KEYS[key].type, texts) ?? (texts.length > 1 ? [...texts] : (texts[0] ?? ""));
  return asWritten;
}

/** The words after a flag that are its own: one, or for a list all up to the next flag. A boolean takes true or false only. */
function takeTexts(written: string, following: readonly string[]): readonly string[] {
  const key = written.replaceAll("-", "_");
  const type = isConfigKey(key) ? CONFIG_KEYS[key].type : foreignType(key);
  const end = following.findIndex((word) => word.startsWith("--"));
  const words = end < 0 ? following : following.slice(0, end);
  if (type === "list") return words;
  if (type === "boolean") return /^(true|false)$/i.test(words[0] ?? "") ? words.slice(0, 1) : [];
  return words.slice(0, 1);
}

function foreignType(name: string): string {
  const foreign = FOREIGN_NAMES.get(name);
  return foreign?.kind === "mapped" && !foreign.convert ? CONFIG_KEYS[foreign.to].type : "string";
}

/** Text of another tool's flag: booleans, null and numbers are read, the rest stays text. */
function foreignValue(texts: readonly string[]): unknown {
  const [text] = texts;
  if (texts.length > 1) return [...texts];
  if (text === undefined) return true;
  const word = text.toLowerCase();
  if (word === "true" || word === "false") return word === "true";
  if (word === "null" || word === "none") return word;
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

const numeric = (type: string, texts: readonly string[]): number | undefined =>
  (type === "integer" || type === "number") &&
  texts.length === 1 &&
  texts[0] !== "" &&
  Number.isFinite(Number(texts[0]))
    ? Number(texts[0])
    : undefined;
