import { CONFIG_KEYS, parseRunConfig } from "#shared/config/index.ts";
import type { ConfigEntry } from "#shared/contract/runs.ts";
import { SiftError } from "#shared/errors.ts";
import { lengthChange, type CheckpointManifest } from "#shared/formats/checkpoint.ts";

/** To how many passes, or steps, a run is to go on; one of them. */
export interface Extension {
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
}

/** The configuration with the new length, as given in the form. @throws SiftError `extend` where the run would not get longer */
export function extendedEntries(
  entries: readonly ConfigEntry[],
  checkpoint: CheckpointManifest,
  { epochs, steps }: Extension,
): ConfigEntry[] {
  if ((epochs === undefined) === (steps === undefined))
    throw new SiftError("extend", "give the passes or the steps that the run is to have, one of them");
  const values: Partial<Record<string, number | null>> =
    epochs === undefined ? { max_steps: steps ?? null } : { num_train_epochs: epochs, max_steps: null };
  const extended = entries.map((entry) => {
    if (entry.key !== "max_steps" && entry.key !== "num_train_epochs") return entry;
    const value = Object.hasOwn(values, entry.key) ? (values[entry.key] ?? null) : entry.value;
    const isDefault = value === CONFIG_KEYS[entry.key].defaultValue;
    return { ...entry, value, source: isDefault ? ("default" as const) : ("form" as const) };
  });
  const config = parseRunConfig(Object.fromEntries(extended.map(({ key, value }) => [key, value])));
  const change = lengthChange(checkpoint, { config: { ...config } });
  if (change === "longer" || change === "unknown") return extended;
  throw new SiftError("extend", `the run was planned with ${checkpoint.totalSteps} steps; it can only be made longer`, {
    remedy: "give more passes, or more steps",
  });
}
