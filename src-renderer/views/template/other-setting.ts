import * as v from "valibot";
import { templateChoice, type EncodeSettings } from "#shared/contract/text.ts";
import { MASK_POLICIES } from "#shared/text/types.ts";

/** What the tokens on screen are compared with; what is left out is as it is here. */
export const otherSetting = v.object({
  template: v.exactOptional(templateChoice),
  /** `own`: the template's own. */
  mask: v.exactOptional(v.picklist([...MASK_POLICIES, "own"])),
  /** The mask's further choices are left away on the other side. */
  plainMask: v.exactOptional(v.literal(true)),
  /** Null: the row as it was imported. */
  versionId: v.exactOptional(v.nullable(v.string())),
});
export type OtherSetting = v.InferOutput<typeof otherSetting>;

/** A change of the other side; undefined is "as it is here". */
export function changedOther(
  setting: OtherSetting,
  change: { [K in keyof OtherSetting]?: OtherSetting[K] | undefined },
): OtherSetting {
  const entries = Object.entries({ ...setting, ...change }).filter(([, value]) => value !== undefined);
  return v.parse(otherSetting, Object.fromEntries(entries));
}

/** The settings of the other side. Another template comes with its own mask, unless one is chosen. */
export function otherSettings(current: EncodeSettings, other: OtherSetting): EncodeSettings {
  const { mask, maskOptions, ...rest } = current;
  const chosen = other.mask ?? (other.template ? "own" : mask);
  return {
    ...rest,
    ...(other.template ? { template: other.template } : {}),
    ...(chosen === undefined || chosen === "own" ? {} : { mask: chosen }),
    ...(maskOptions === undefined || other.plainMask ? {} : { maskOptions }),
  };
}

/** The other side that makes what is here now, once the sides have changed places. */
export function swappedOther(current: EncodeSettings, other: OtherSetting): OtherSetting {
  return changedOther(other, {
    template: other.template ? current.template : undefined,
    mask: other.mask || other.template ? (current.mask ?? "own") : undefined,
  });
}
