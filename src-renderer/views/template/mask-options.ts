import type { EncodeSettings } from "#shared/contract/text.ts";
import { compileRule, type MaskRule, repeatsRepetition, RULE_PARTS, type RulePart } from "#shared/text/mask/rule.ts";
import { maskSettingsOf } from "#shared/text/mask/settings.ts";
import type { MaskPolicy } from "#shared/text/types.ts";
import type { WireRow } from "../../state/rows.ts";

export type Options = NonNullable<EncodeSettings["maskOptions"]>;

/** A change of some options; what says nothing more than the policy is left out, and undefined is nothing left. */
export function changedOptions(options: Options | undefined, change: Partial<Options>): Options | undefined {
  const next = { ...options, ...change };
  const kept: Options = Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined));
  return Object.keys(kept).length === 0 ? undefined : kept;
}

/** How many options depart from the mask. */
export const changeCount = (options: Options | undefined): number => Object.keys(maskSettingsOf(options)).length;

/** What a role weighs where the options do not name roles. */
export const usualWeight = (policy: MaskPolicy | undefined, role: string): number =>
  policy === "all" || role === "assistant" ? 1 : 0;

/** Roles to be offered: the usual ones, those of the row and those that are named already. */
export function offeredRoles(roles: readonly string[], options: Options | undefined): string[] {
  return [...new Set(["system", "user", "assistant", ...roles, ...Object.keys(options?.roles ?? {})])];
}

/** A new weight of one role; undefined where all are as usual again. */
export function withRole(
  {
    policy,
    offered,
    options,
  }: { policy: MaskPolicy | undefined; offered: readonly string[]; options: Options | undefined },
  role: string,
  weight: number,
): Options["roles"] {
  const now = (each: string): number => options?.roles?.[each] ?? (options?.roles ? 0 : usualWeight(policy, each));
  const weights = offered.map((each): [string, number] => [each, each === role ? weight : now(each)]);
  if (weights.every(([each, value]) => value === usualWeight(policy, each))) return undefined;
  return Object.fromEntries(weights.filter(([, value]) => value > 0));
}

/** Roles of a row's messages as they are rendered: a default system turn stands first where the row has none. */
export function renderedRoles(row: WireRow | undefined, settings: EncodeSettings | undefined): string[] {
  if (row?.kind !== "conversation") return [];
  const all = row.conversation.messages.map((message) => message.role);
  const roles = settings?.systemPolicy === "drop" ? all.filter((role) => role !== "system") : all;
  const adds =
    settings?.systemMessage !== undefined && settings.template.kind !== "preset" && !roles.includes("system");
  return adds ? ["system", ...roles] : roles;
}

/** A rule while it is typed. */
export interface RuleDraft {
  readonly id: number;
  pattern: string;
  weight: string;
  ignoreCase: boolean;
  role: string;
  part: RulePart | "";
}

export function draftOf(rule: MaskRule, id: number): RuleDraft {
  const { pattern, flags = "", weight, role = "", part = "" } = rule;
  return { id, pattern, weight: String(weight), ignoreCase: flags.includes("i"), role, part };
}

/** What is wrong with a rule that is being typed; an empty string where nothing is. `nested` says a repetition's repetition in words. */
export function draftProblems(draft: RuleDraft, nested = "nested"): { pattern: string; weight: boolean } {
  const weight = Number(draft.weight);
  const isWeight = draft.weight.trim() !== "" && Number.isFinite(weight) && weight >= 0;
  if (draft.pattern === "") return { pattern: "", weight: !isWeight };
  if (repeatsRepetition(draft.pattern)) return { pattern: nested, weight: !isWeight };
  try {
    compileRule({ ...ruleOf(draft), weight: 1 }, 0);
    return { pattern: "", weight: !isWeight };
  } catch (error) {
    const said = error instanceof Error ? error.message.replace(/^loss_scale: rule 1 /, "") : String(error);
    return { pattern: said, weight: !isWeight };
  }
}

function ruleOf({ pattern, weight, ignoreCase, role, part }: RuleDraft): MaskRule {
  const named = RULE_PARTS.find((each) => each === part);
  return {
    pattern,
    weight: Number(weight),
    ...(ignoreCase ? { flags: "i" } : {}),
    ...(role === "" ? {} : { role }),
    ...(named === undefined ? {} : { part: named }),
  };
}

/** The rules that can be used as they are typed. */
export function usableRules(drafts: readonly RuleDraft[]): MaskRule[] {
  return drafts
    .filter((draft) => {
      const { pattern, weight } = draftProblems(draft);
      return draft.pattern !== "" && pattern === "" && !weight;
    })
    .map(ruleOf);
}
