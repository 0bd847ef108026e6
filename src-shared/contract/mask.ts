import * as v from "valibot";
import { EOS_CHOICES, REASONING_CHOICES } from "../text/mask/options.ts";
import { RULE_PARTS } from "../text/mask/rule.ts";

/** A weight of a role or a rule. */
const weight = v.pipe(v.number(), v.finite(), v.minValue(0));

export const maskRule = v.object({
  pattern: v.string(),
  flags: v.optional(v.string()),
  weight,
  role: v.optional(v.string()),
  part: v.optional(v.picklist(RULE_PARTS)),
});

/** What of a mask policy's choice is changed: MaskOptions of text/mask/options.ts. */
export const maskOptions = v.object({
  endOfTurn: v.optional(v.picklist(EOS_CHOICES)),
  header: v.optional(v.boolean()),
  reasoning: v.optional(v.picklist(REASONING_CHOICES)),
  toolCalls: v.optional(v.boolean()),
  toolResults: v.optional(v.boolean()),
  roles: v.optional(v.record(v.string(), weight)),
  rules: v.optional(v.array(maskRule)),
});

/** What one rule of a mask does on rows: tokens that it decides, how many of them are trained, and rows that hold one. */
export const ruleCount = v.object({
  /** Key of the rule, as `maskRules` gives it. */
  rule: v.string(),
  tokens: v.number(),
  trained: v.number(),
  rows: v.number(),
});
export type RuleCount = v.InferOutput<typeof ruleCount>;
