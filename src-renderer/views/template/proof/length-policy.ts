import type { ModelCosts } from "#shared/contract/costs.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import type { ConfigValue } from "#shared/contract/runs.ts";
import { CONFIG_KEYS } from "#shared/config/keys.ts";
import { estimateMemory, tokensAtOnce, type MemoryEstimate } from "#shared/config/memory.ts";
import type { ConfigKey } from "#shared/config/types.ts";
import type { LengthPolicy } from "#shared/text/lengthOutcome.ts";
import type { workspace } from "../../../state/workspace.svelte.ts";

type Options = NonNullable<EncodeSettings["rowOptions"]>;
type Chosen = Pick<EncodeSettings, "overLength" | "rowOptions">;

/** Which policy settings stand for. */
export function policyOf({ overLength = "error", rowOptions }: Chosen): LengthPolicy {
  if (rowOptions?.splitTurns === true) return "turns";
  return overLength === "truncate" ? (rowOptions?.truncation ?? "end") : overLength;
}

/** Settings that a policy stands for; what else is chosen about rows stays. */
export function settingsFor(
  policy: LengthPolicy,
  { specialTokens }: Options = {},
): Parameters<(typeof workspace)["set"]>[0] {
  const cuts = policy === "end" || policy === "oldest_turns" || policy === "whole_turns";
  const rowOptions: Options = {
    ...(policy === "oldest_turns" || policy === "whole_turns" ? { truncation: policy } : {}),
    ...(policy === "turns" ? { splitTurns: true } : {}),
    ...(specialTokens === undefined ? {} : { specialTokens }),
  };
  const overLength = cuts ? "truncate" : policy === "drop" || policy === "split" ? policy : undefined;
  return { overLength, rowOptions: Object.keys(rowOptions).length > 0 ? rowOptions : undefined };
}

type Settings = Parameters<typeof estimateMemory>[1];

/** Settings of a run that decide its memory: what was chosen, else the defaults. */
export function memorySettings(values: Readonly<Record<string, ConfigValue>>, maxLength: number): Settings {
  const of = (key: ConfigKey): ConfigValue => values[key] ?? CONFIG_KEYS[key].defaultValue;
  const type = of("finetuning_type");
  const quantization = of("quantization");
  const targets = of("target_modules");
  return {
    finetuning_type: type === "full" || type === "freeze" ? type : "lora",
    freeze_trainable_layers: Number(of("freeze_trainable_layers")),
    lora_r: Number(of("lora_r")),
    target_modules: Array.isArray(targets) ? targets : [String(targets)],
    quantization: quantization === "8bit" || quantization === "4bit" ? quantization : "none",
    gradient_checkpointing: of("gradient_checkpointing") === true,
    packing: of("packing") === true,
    max_length: maxLength,
    per_device_train_batch_size: Number(of("per_device_train_batch_size")),
    save_total_limit: Number(of("save_total_limit")),
  };
}

/** The most memory at a length: where it was measured, or what the shape says, held to a measurement at another length. */
export interface MemoryAnswer {
  readonly bytes: number;
  readonly source: "measured" | "scaled" | "estimate";
  readonly parts: MemoryEstimate;
}

export function memoryAt({ shape, measured }: ModelCosts, settings: Settings): MemoryAnswer | undefined {
  if (!shape) return undefined;
  const { max_length: maxLength } = settings;
  const at = (length: number): MemoryEstimate => {
    const asked = { ...settings, max_length: length };
    return estimateMemory(shape, asked, tokensAtOnce(asked, length));
  };
  const parts = at(maxLength);
  if (measured?.finetuningType !== settings.finetuning_type) return { bytes: parts.total, source: "estimate", parts };
  if (measured.maxLength === maxLength) return { bytes: measured.peakMemoryBytes, source: "measured", parts };
  const change = parts.total - at(measured.maxLength).total;
  return { bytes: Math.max(0, measured.peakMemoryBytes + change), source: "scaled", parts };
}
