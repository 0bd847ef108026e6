import type { ConfigValue } from "#shared/contract/runs.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { SPECIAL_CHOICES, TRUNCATION_MODES } from "#shared/text/rowOptions.ts";

/** Keys of a run that shape rows. */
export const ROW_KEYS = ["truncation_mode", "split_turns", "special_tokens_in_content"] as const;
type RowKey = (typeof ROW_KEYS)[number];
type RowOptions = EncodeSettings["rowOptions"];

/** Options that differ from their default, as values of a configuration. */
export function rowValues(options: RowOptions): Partial<Record<RowKey, ConfigValue>> {
  const { truncation, splitTurns, specialTokens } = options ?? {};
  return {
    ...(truncation === undefined ? {} : { truncation_mode: truncation }),
    ...(splitTurns === true ? { split_turns: true } : {}),
    ...(specialTokens === undefined ? {} : { special_tokens_in_content: specialTokens }),
  };
}

/** Options out of values by key; undefined where all have their defaults. */
export function rowOptionsFrom(valueOf: (key: RowKey) => ConfigValue | undefined): RowOptions {
  const truncation = TRUNCATION_MODES.find((each) => each === valueOf("truncation_mode"));
  const specialTokens = SPECIAL_CHOICES.find((each) => each === valueOf("special_tokens_in_content"));
  const options = {
    ...(truncation === undefined || truncation === "end" ? {} : { truncation }),
    ...(valueOf("split_turns") === true ? { splitTurns: true } : {}),
    ...(specialTokens === undefined || specialTokens === "keep" ? {} : { specialTokens }),
  };
  return Object.keys(options).length > 0 ? options : undefined;
}

/** The options with one key changed; undefined goes back to its default. */
export function withRowValue(options: RowOptions, key: RowKey, value: ConfigValue | undefined): RowOptions {
  const values = rowValues(options);
  return rowOptionsFrom((name) => (name === key ? value : values[name]));
}
