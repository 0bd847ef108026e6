import type { ConfigEntry } from "#shared/contract/runs.ts";
import type { EncodeSettings, TemplateChoice } from "#shared/contract/text.ts";
import { parseRunConfig, type RunConfig } from "#shared/config/index.ts";
import { SiftError } from "#shared/errors.ts";
import { maskOptionsOf } from "#shared/text/index.ts";
import { namedTemplate, templateFile } from "../text/templateChoice.ts";

/** The recorded entries as the typed configuration. */
export const configOf = (entries: readonly ConfigEntry[]): RunConfig =>
  parseRunConfig(Object.fromEntries(entries.map((entry) => [entry.key, entry.value])));

/** A configuration's `template` as a choice; a file is read now, so that the run keeps its text. @throws SiftError `template-file`, `template-form` */
export function templateChoiceOf(config: Pick<RunConfig, "template">): TemplateChoice {
  const { template } = config;
  const named = namedTemplate(template);
  if (named) return named;
  try {
    return templateFile(template);
  } catch (error) {
    if (error instanceof SiftError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new SiftError("template-file", `the template is neither own, nor a preset, nor a readable file: ${message}`, {
      where: { file: template, what: "template" },
    });
  }
}

/** What a configuration says about encoding. */
export function encodeSettingsOf(
  config: RunConfig,
  choice: { template: TemplateChoice; modelPath: string },
): EncodeSettings {
  const maskOptions = maskOptionsOf(config);
  const rowOptions = rowOptionsOf(config);
  return {
    ...choice,
    ...(config.mask === null ? {} : { mask: config.mask }),
    ...(maskOptions === undefined ? {} : { maskOptions }),
    ...(rowOptions === undefined ? {} : { rowOptions }),
    ...(config.system_message === null ? {} : { systemMessage: config.system_message }),
    systemPolicy: config.system_policy,
    maxLength: config.max_length,
    overLength: config.over_length,
  };
}

/** Undefined where every key has its default, so that older records keep their hash. */
export function rowOptionsOf(
  config: Pick<RunConfig, "truncation_mode" | "split_turns" | "special_tokens_in_content">,
): EncodeSettings["rowOptions"] {
  const { truncation_mode: truncation, split_turns: splitTurns, special_tokens_in_content: specialTokens } = config;
  const options = {
    ...(truncation === "end" ? {} : { truncation }),
    ...(splitTurns ? { splitTurns } : {}),
    ...(specialTokens === "keep" ? {} : { specialTokens }),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}
