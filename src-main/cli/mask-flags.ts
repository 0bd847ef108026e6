import type { Command } from "commander";
import { CONFIG_KEYS } from "#shared/config/keys.ts";
import { parseFlagTexts } from "#shared/config/values.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { MASK_KEYS, maskOptionsOf, type MaskSettings } from "#shared/text/index.ts";
import { UsageError } from "./command.ts";

type MaskKey = (typeof MASK_KEYS)[number];

/** Flags as commander gives them: one word, several, or true for a flag alone. */
export type MaskFlags = { readonly [Key in MaskKey]?: string | readonly string[] | boolean };

const HELP: Readonly<Record<MaskKey, string>> = {
  train_on_eos: "which end-of-turn tokens are trained: turn (default), last, all or none",
  train_on_header: "whether the opening of a trained turn is trained",
  train_on_reasoning: "reasoning: train (default), ignore, strip (left out of earlier turns) or last (turn only)",
  train_on_tool_calls: "whether tool calls are trained (default: true)",
  train_on_tool_results: "whether what tools answered is trained",
  roles_to_train: "every trained role, with a weight if it is not 1: user assistant:0.5",
  loss_scale: "rules: '/pattern/flags weight role=… part=…'",
};

/** The flags of a mask's options, named as the keys of a run. */
export function withMaskFlags(command: Command): Command {
  for (const key of MASK_KEYS) {
    const { type } = CONFIG_KEYS[key];
    const value = type === "list" ? "<values...>" : type === "boolean" ? "[true|false]" : "<choice>";
    command.option(`--${key} ${value}`, HELP[key]);
  }
  return command;
}

/** Flags as options of the mask; undefined where none changes anything. @throws UsageError that names the flag */
export function maskOptionsFromFlags(flags: MaskFlags, mask: string | undefined): EncodeSettings["maskOptions"] {
  const value = <Key extends MaskKey>(key: Key): MaskSettings[Key] => {
    const given = flags[key];
    const isAll = mask === "all" && (key === "train_on_header" || key === "train_on_tool_results");
    if (given === undefined) return (isAll || CONFIG_KEYS[key].defaultValue) as MaskSettings[Key];
    const texts = given === true ? [] : [given].flat().map(String);
    const parsed = parseFlagTexts(CONFIG_KEYS[key], texts);
    if ("value" in parsed) return parsed.value as MaskSettings[Key];
    throw new UsageError(`--${key}: expected ${parsed.expected}, got ${texts.join(" ")}`);
  };
  return maskOptionsOf({
    mask: mask ?? null,
    train_on_eos: value("train_on_eos"),
    train_on_header: value("train_on_header"),
    train_on_reasoning: value("train_on_reasoning"),
    train_on_tool_calls: value("train_on_tool_calls"),
    train_on_tool_results: value("train_on_tool_results"),
    roles_to_train: value("roles_to_train"),
    loss_scale: value("loss_scale"),
  });
}
