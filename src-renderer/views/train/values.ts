import { CONFIG_KEYS, isConfigKey } from "#shared/config/keys.ts";
import type { ConfigEntry, ConfigValue } from "#shared/contract/runs.ts";

/** A value as it is written in a text field. */
export function writtenValue(value: ConfigValue): string {
  if (value === null) return "";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "number" && value !== 0 && Math.abs(value) < 1e-3) return value.toExponential();
  return String(value);
}

const isRule = (text: string): boolean => /^\/.+\/[imsu]*\s+[\d.]/.test(text);

/** What a text field holds: a value (undefined: the default), or something that is none. */
export type Parsed = { readonly ok: true; readonly value: ConfigValue | undefined } | { readonly ok: false };

/** What was typed, as a value of the key's type; only a number can be none. Core checks the rest. */
export function parseInput(type: ConfigEntry["type"], text: string): Parsed {
  const trimmed = text.trim();
  if (trimmed === "") return { ok: true, value: undefined };
  if (type === "number" || type === "integer") {
    const value = Number(trimmed);
    return Number.isFinite(value) ? { ok: true, value } : { ok: false };
  }
  if (type === "list") {
    // a rule may hold commas: the next one begins with a slash
    const value = trimmed
      .split(isRule(trimmed) ? /,\s*(?=\/)/ : ",")
      .map((each) => each.trim())
      .filter(Boolean);
    return { ok: true, value };
  }
  return { ok: true, value: trimmed };
}

/** Lists whose items have a form of their own, each with an example. Core checks the other keys. */
const EXAMPLES: Readonly<Record<string, string>> = {
  roles_to_train: "user, assistant:0.5",
  loss_scale: "/sorry/i 0 role=assistant part=content",
};

export const exampleOf = (key: string): string | undefined => EXAMPLES[key];

/** Lists whose items are whole sentences: one a line. */
export const isLines = (key: string): boolean => key === "sample_prompts";

/** Whether items of such a list cannot be read; they stay in the field until they can. */
export function malformed(key: string, value: ConfigValue): boolean {
  const check = key in EXAMPLES && isConfigKey(key) ? CONFIG_KEYS[key].check : undefined;
  return check !== undefined && !check.accepts(value);
}
