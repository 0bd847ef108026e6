import type { ConfigValue } from "../contract/runs.ts";
import type { KeySpec } from "./types.ts";

export type Coerced = { readonly value: ConfigValue } | { readonly expected: string; readonly remedy?: string };

/** What a key takes, in words: "a whole number from 1". */
export function expectedOf(spec: KeySpec): string {
  if (spec.check) return spec.check.expected;
  switch (spec.type) {
    case "integer":
      return "a whole number";
    case "number":
      return "a number";
    case "boolean":
      return "true or false";
    case "choice":
      return `one of ${(spec.choices ?? []).join(", ")}`;
    case "list":
      return spec.resolves ? "a file or a list of files" : "a name or a list of names";
    case "path":
      return "a path";
    case "string":
      return "text";
  }
}

/** A value out of a file or form as its key's type; nothing is converted that the user did not write that way. */
export function coerceValue(spec: KeySpec, raw: unknown): Coerced {
  const value = ofType(spec, spec.normalize ? spec.normalize(raw) : raw);
  const refusal = { expected: expectedOf(spec), ...hint(spec, raw) };
  if (value === undefined) return refusal;
  return spec.check && !spec.check.accepts(value) ? refusal : { value };
}

/** A flag's text as its key's type. `texts` holds what followed the flag; none means `true` for a boolean. */
export function parseFlagTexts(spec: KeySpec, texts: readonly string[]): Coerced {
  const [first] = texts;
  if (spec.type === "list")
    return coerceValue(spec, spec.resolves || spec.verbatim ? texts : texts.flatMap((text) => text.split(",")));
  if (first === undefined) return spec.type === "boolean" ? { value: true } : { expected: expectedOf(spec) };
  if (texts.length > 1) return { expected: `${expectedOf(spec)}, one value only` };
  return coerceValue(spec, fromText(spec, first));
}

function fromText(spec: KeySpec, text: string): unknown {
  const trimmed = text.trim();
  if (spec.type === "boolean") return BOOLEAN_TEXTS[trimmed.toLowerCase()] ?? text;
  const numeric = spec.type === "integer" || spec.type === "number";
  return numeric && NUMBER.test(trimmed) ? Number(trimmed) : text;
}

const BOOLEAN_TEXTS: Readonly<Record<string, boolean>> = { true: true, false: false };
const NUMBER = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;

function ofType(spec: KeySpec, raw: unknown): ConfigValue | undefined {
  switch (spec.type) {
    case "integer":
      return typeof raw === "number" && Number.isSafeInteger(raw) ? raw : undefined;
    case "number":
      return typeof raw === "number" && Number.isFinite(raw) ? raw : undefined;
    case "boolean":
      return typeof raw === "boolean" ? raw : undefined;
    case "choice":
      return typeof raw === "string" && spec.choices?.includes(raw) ? raw : undefined;
    case "list":
      return listOf(raw, spec.required === true);
    case "path":
    case "string":
      return single(raw);
  }
}

function listOf(raw: unknown, required: boolean): ConfigValue | undefined {
  const list: unknown[] = Array.isArray(raw) ? raw : [raw];
  const texts = list.filter((item) => typeof item === "string" && item !== "");
  return texts.length === list.length && (list.length > 0 || !required) ? texts.map(String) : undefined;
}

/** Text; a list of one counts as that one. */
function single(raw: unknown): ConfigValue | undefined {
  const value: unknown = Array.isArray(raw) && raw.length === 1 ? raw[0] : raw;
  return typeof value === "string" ? value : undefined;
}

function hint(spec: KeySpec, raw: unknown): { remedy?: string } {
  if (typeof raw !== "string") return {};
  const numeric = spec.type === "integer" || spec.type === "number";
  if (numeric && NUMBER.test(raw)) return { remedy: "Write the number without quotes" };
  if (spec.type === "boolean" && /^(yes|no|on|off)$/i.test(raw))
    return { remedy: "YAML 1.2 knows true and false only" };
  return {};
}
