import type { PresetFit } from "#shared/contract/adapting.ts";
import { missingTokens, presetOf, PRESET_NAMES, type Tokenizer } from "#shared/text/index.ts";

/** In the order in which they are recommended where several fit: formats that most software serves come first. */
const PREFERRED = [
  "chatml",
  "zephyr",
  "alpaca",
  "llama3",
  "gemma",
  "phi3",
  "mistral",
  "llama2",
  "qwen3",
  "chatml-human",
];

/** Every preset with what it needs of a tokenizer; the recommended one first, then those that fit. */
export function presetFits(tokenizer: Tokenizer): PresetFit[] {
  const fits = PRESET_NAMES.map((name) => fitOf(name, tokenizer));
  const rank = ({ name }: PresetFit): number => PREFERRED.indexOf(name);
  const ordered = fits.toSorted((a, b) => a.missing.length - b.missing.length || rank(a) - rank(b));
  const best = ordered.find((fit) => fit.missing.length === 0);
  return ordered.map((fit) => ({ ...fit, recommended: fit === best }));
}

function fitOf(name: string, tokenizer: Tokenizer): PresetFit {
  const preset = presetOf(name);
  const { eos_token: eos } = tokenizer.files.specialTokens;
  const missing = missingTokens(preset, tokenizer);
  const text = preset.endOfTurn === "eos_token" ? eos : preset.endOfTurn;
  const id = text === undefined ? undefined : tokenizer.tokenToId(text);
  const usable = missing.length === 0 && text !== undefined && id !== undefined;
  return {
    name,
    missing,
    needs: [...preset.needs],
    tokens: neededTokens(preset.needs, tokenizer),
    addable: missing.length > 0 && missing.every((need) => need.trim() !== "" && !isNamed(need)),
    endOfTurn: usable ? { text, id } : null,
    newEnd: text !== eos,
    recommended: false,
  };
}

const isNamed = (need: string): need is "bos_token" | "eos_token" => need === "bos_token" || need === "eos_token";

function neededTokens(needs: readonly string[], tokenizer: Tokenizer): PresetFit["tokens"] {
  return needs
    .filter((need) => need.trim() !== "")
    .map((need) => {
      const text = isNamed(need) ? (tokenizer.files.specialTokens[need] ?? need) : need;
      return { text, id: tokenizer.tokenToId(text) ?? null, named: isNamed(need) };
    });
}
