import { SiftError } from "#shared/errors.ts";
import type { MaskPolicy } from "../types.ts";
import { type MaskRule, compileRule, type CompiledRule } from "./rule.ts";

/** Which end-of-turn tokens are trained, in Axolotl's words. */
export const EOS_CHOICES = ["turn", "last", "all", "none"] as const;
export type EosChoice = (typeof EOS_CHOICES)[number];

/** What happens to reasoning, in a field of its own or between tags in the content. */
export const REASONING_CHOICES = ["train", "ignore", "strip", "last"] as const;
/**
 * train: like the rest of the answer. ignore: stays in the text, is not trained. strip: taken out of the turns before the last
 * user's, as serving does. last: trained behind the last user's turn only.
 */
export type ReasoningChoice = (typeof REASONING_CHOICES)[number];

/** What stands beside the policy; whatever is left out is the policy's to say. */
export interface MaskOptions {
  /** turn: at the end of every trained turn (default). last: of the last one. all: of everybody's. none: never. */
  readonly endOfTurn?: EosChoice | undefined;
  /** Whether the opening of a trained turn is trained (its role, say). */
  readonly header?: boolean | undefined;
  readonly reasoning?: ReasoningChoice | undefined;
  readonly toolCalls?: boolean | undefined;
  /** What tools answered. */
  readonly toolResults?: boolean | undefined;
  /** The trained roles with their weights; the list is complete: a role that is not in it, or has 0, is not trained. */
  readonly roles?: Readonly<Record<string, number>> | undefined;
  /** Where several match a character, the last one decides. */
  readonly rules?: readonly MaskRule[] | undefined;
}

/** Index of a rule in one byte. */
const MAX_RULES = 255;

/** A policy with its options, checked and ready for rows. */
export interface CompiledMask {
  readonly policy: MaskPolicy;
  readonly options: MaskOptions;
  readonly rules: readonly CompiledRule[];
  /** Whether the options change nothing, so that the policy alone decides. */
  readonly isPlain: boolean;
  /** Weight of what a role writes; 0 where it is not trained. */
  readonly roleWeight: (role: string) => number;
}

/**
 * Checks a policy with its options.
 * @throws SiftError `mask-rule` for a pattern that cannot be used, `mask-options` for a combination that cannot work; both name the key
 */
export function compileMask(policy: MaskPolicy, options: MaskOptions = {}): CompiledMask {
  const rules = (options.rules ?? []).map((rule, i) => compileRule(rule, i));
  if (rules.length > MAX_RULES) throw impossible("loss_scale", `${rules.length} rules are given`, "at most 255");
  checkRoles(policy, options);
  return { policy, options, rules, isPlain: isPlain(options), roleWeight: roleWeights(policy, options) };
}

function isPlain({
  endOfTurn = "turn",
  header,
  reasoning,
  toolCalls,
  toolResults,
  roles,
  rules,
}: MaskOptions): boolean {
  const choices = [header, toolCalls, toolResults, roles];
  const isUsual = endOfTurn === "turn" && reasoning === undefined;
  return isUsual && choices.every((choice) => choice === undefined) && (rules ?? []).length === 0;
}

function roleWeights(policy: MaskPolicy, { roles, toolResults }: MaskOptions): (role: string) => number {
  return (role) => {
    if (role === "tool" && toolResults !== undefined) return toolResults ? (roles?.["tool"] ?? 1) : 0;
    if (roles) return Object.hasOwn(roles, role) ? (roles[role] ?? 0) : 0;
    return policy === "all" || role === "assistant" ? 1 : 0;
  };
}

function checkRoles(policy: MaskPolicy, { roles, toolResults }: MaskOptions): void {
  if (!roles) return;
  for (const [role, weight] of Object.entries(roles)) {
    if (Number.isFinite(weight) && weight >= 0) continue;
    throw impossible("roles_to_train", `the weight of ${role} is ${weight}`, "a weight is a number from 0 on");
  }
  if (!Object.values(roles).some((weight) => weight > 0) && toolResults !== true) {
    throw impossible("roles_to_train", "no role is trained", "name at least one role with a weight above 0");
  }
  if (toolResults === true && roles["tool"] === 0) {
    throw impossible("train_on_tool_results", "roles_to_train switches the tools' answers off", "keep one of the two");
  }
  if (toolResults === false && (roles["tool"] ?? 0) > 0) {
    throw impossible("train_on_tool_results", "roles_to_train names the role tool", "keep one of the two");
  }
  if (policy === "last_assistant" && !((roles["assistant"] ?? 0) > 0)) {
    throw impossible(
      "roles_to_train",
      "the mask last_assistant trains the assistant",
      "add assistant, or use another mask",
    );
  }
}

/** An error of a combination that names its key. */
export function impossible(key: string, message: string, remedy: string): SiftError {
  return new SiftError("mask-options", `${key}: ${message}`, { where: { what: key }, remedy });
}

/** For a template that writes no end-of-turn token. @throws SiftError `mask-options` where the options speak of one */
export function requireUsualEnd(options: MaskOptions = {}): void {
  const { endOfTurn = "turn" } = options;
  if (endOfTurn === "turn") return;
  throw impossible(
    "train_on_eos",
    `'${endOfTurn}' needs a token that ends a turn, and the template writes none`,
    "leave it out, or choose a template that ends turns",
  );
}

/** What of the options decides the text and the ids: rows made under the same value can be labelled again without tokenising. */
export const textKeyOf = (options: MaskOptions | undefined): string => (options?.reasoning === "strip" ? "strip" : "");
