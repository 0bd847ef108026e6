import { SiftError } from "#shared/errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { ALPACA } from "./alpaca.ts";
import { CHATML } from "./chatml.ts";
import { CHATML_HUMAN } from "./chatmlHuman.ts";
import { GEMMA } from "./gemma.ts";
import { LLAMA2 } from "./llama2.ts";
import { LLAMA3 } from "./llama3.ts";
import { MISTRAL } from "./mistral.ts";
import { PHI3 } from "./phi3.ts";
import type { Preset } from "./preset.ts";
import { QWEN3 } from "./qwen3.ts";
import { ZEPHYR } from "./zephyr.ts";

/** The formats that are built in; their Jinja is ours, held to the reference by test/oracles/presets. */
const PRESETS: readonly Preset[] = [CHATML, CHATML_HUMAN, LLAMA2, LLAMA3, MISTRAL, GEMMA, PHI3, ZEPHYR, ALPACA, QWEN3];
/** Names for `--template` and the template list. */
export const PRESET_NAMES: readonly string[] = PRESETS.map((preset) => preset.name);

/** @throws SiftError `preset-unknown`. */
export function presetOf(name: string): Preset {
  const preset = PRESETS.find((candidate) => candidate.name === name);
  if (preset) return preset;
  throw new SiftError("preset-unknown", `there is no preset '${name}'`, {
    remedy: `presets: ${PRESET_NAMES.join(", ")}`,
  });
}

/** What a preset needs and a tokenizer does not have as one token: texts, or `bos_token` and `eos_token` where none is named. */
export function missingTokens(preset: Preset, tokenizer: Tokenizer): string[] {
  const { specialTokens } = tokenizer.files;
  return preset.needs.filter((need) => {
    if (need === "eos_token" || need === "bos_token") return specialTokens[need] === undefined;
    // A newline has another name in byte-level vocabularies.
    const isKnown = need.trim() === "" || tokenizer.tokenToId(need) !== undefined;
    return !isKnown || tokenizer.encode(need).ids.length !== 1;
  });
}

/** @throws SiftError `preset-tokens` that names what is missing and the presets that would work */
export function requireTokens(preset: Preset, tokenizer: Tokenizer): void {
  const missing = missingTokens(preset, tokenizer);
  if (missing.length === 0) return;
  const possible = PRESETS.filter((other) => missingTokens(other, tokenizer).length === 0).map(({ name }) => name);
  const list = missing.map((text) => (/_token$/.test(text) ? `a ${text}` : `${JSON.stringify(text)} as one token`));
  throw new SiftError("preset-tokens", `${preset.name} needs ${list.join(", ")}, which this tokenizer does not have`, {
    remedy: `choose the model's own template${possible.length > 0 ? `, or one of ${possible.join(", ")}` : ""}`,
  });
}

export { SYSTEM_POLICIES, type SystemPolicy } from "./segments.ts";
export type { Preset } from "./preset.ts";
export {
  FORM_PARTS,
  FORM_ROLES,
  formMask,
  formRole,
  padToken,
  parseForm,
  resolveForm,
  REASONING_TURNS,
  templateForm,
} from "./form.ts";
export type { FormPart, FormReasoning, FormRole, FormRoleName, TemplateForm } from "./form.ts";
export { formTwin } from "./formTwin.ts";
export { CHATML_HUMAN_FORM } from "./chatmlHuman.ts";
