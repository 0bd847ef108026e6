import { CONFIG_KEYS, isConfigKey } from "#shared/config/keys.ts";
import type { ConfigEntry } from "#shared/contract/runs.ts";
import { t } from "../../i18n/i18n.svelte.ts";

/** Why the default of a key is what it is, in the language of the interface. */
export function reasonOf({ key, reason }: Pick<ConfigEntry, "key" | "reason">): string {
  if (!isConfigKey(key)) return reason;
  return reason === CONFIG_KEYS[key].reason ? t().config.reasons[key] : t().config.fromAdapter;
}
