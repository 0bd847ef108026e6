import { CONFIG_KEYS } from "#shared/config/keys.ts";
import type { ConfigKey } from "#shared/config/types.ts";
import type { ConfigEntry } from "#shared/contract/runs.ts";

const reasons = Object.fromEntries(Object.entries(CONFIG_KEYS).map(([key, spec]) => [key, spec.reason]));

/** Run configuration: why each default is what it is (English comes from the key table itself), sources, groups. */
export const config = {
  reasons: reasons as Readonly<Record<ConfigKey, string>>,
  fromAdapter: "It comes from the adapter that training goes on with.",
  newFolder: "A new folder in Sift's data home.",
  sources: {
    default: "default",
    file: "file",
    flag: "flag",
    form: "form",
  } satisfies Record<ConfigEntry["source"], string>,
  groups: {
    main: "Main",
    data: "Data",
    method: "Method",
    schedule: "Schedule",
    optimizer: "Optimizer",
    evaluation: "Evaluation",
    output: "Output",
    device: "Device",
  } satisfies Record<ConfigEntry["group"], string>,
  unset: "not set",
  on: "on",
  off: "off",
  defaultIs: (value: string) => `default: ${value}`,
};
