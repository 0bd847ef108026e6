import { CONFIG_KEYS, isConfigKey } from "#shared/config/keys.ts";
import type { ConfigEntry } from "#shared/contract/runs.ts";
import { t } from "../../i18n/i18n.svelte.ts";

/** Keys whose default an adapter decides when training goes on with it. */
const ADAPTER_KEYS: ReadonlySet<string> = new Set([
  "lora_r",
  "lora_alpha",
  "lora_dropout",
  "target_modules",
  "use_rslora",
  "use_dora",
  "modules_to_save",
]);

/** Why the default of a key is what it is, in the language of the interface. */
export function reasonOf({ key, reason }: Pick<ConfigEntry, "key" | "reason">): string {
  if (!isConfigKey(key)) return reason;
  if (reason === CONFIG_KEYS[key].reason) return t().config.reasons[key];
  if (key === "output_dir") return t().config.newFolder;
  return ADAPTER_KEYS.has(key) ? t().config.fromAdapter : reason;
}
