import { SiftError } from "#shared/errors.ts";

/** Which part of a turn a rule looks at. */
export const RULE_PARTS = ["content", "reasoning", "tool_calls"] as const;
export type RulePart = (typeof RULE_PARTS)[number];

/**
 * What matches the pattern gets the weight, as in ms-swift's loss_scale. Without a role it looks at what is trained anyway; with
 * a role that is not trained, it trains what it matches.
 */
export interface MaskRule {
  readonly pattern: string;
  /** Some of `imsu`. */
  readonly flags?: string | undefined;
  readonly weight: number;
  readonly role?: string | undefined;
  readonly part?: RulePart | undefined;
}

/** A rule with its pattern as an expression that finds every match. */
export interface CompiledRule extends MaskRule {
  readonly regex: RegExp;
}

/** Long enough for a word list; a pattern is typed by hand. */
const MAX_PATTERN = 2_000;
/** A repetition of a group that ends in a repetition: `(a+)+`. Its time can double with each character. */
const NESTED_REPETITION = /[^\\][+*}]\)(?:[+*]|\{\d+,)/;

/** Whether a pattern repeats a repetition, which can take a time that doubles with each character. */
export const repeatsRepetition = (pattern: string): boolean => NESTED_REPETITION.test(pattern);

/** @throws SiftError `mask-rule` that names the rule by its number */
export function compileRule(rule: MaskRule, index: number): CompiledRule {
  const problem = (message: string, remedy: string): SiftError =>
    new SiftError("mask-rule", `loss_scale: rule ${index + 1} ${message}`, { where: { what: "loss_scale" }, remedy });
  if (!Number.isFinite(rule.weight) || rule.weight < 0) {
    throw problem(`has the weight ${rule.weight}`, "a weight is a number from 0 on; 0 switches off");
  }
  if (rule.pattern === "" || rule.pattern.length > MAX_PATTERN) {
    throw problem(`has a pattern of ${rule.pattern.length} characters`, `a pattern has 1 to ${MAX_PATTERN}`);
  }
  if (repeatsRepetition(rule.pattern)) {
    throw problem("repeats a repetition, which can take for ever", "write (a+)+ as a+");
  }
  const { pattern, flags } = pythonFlags(rule);
  try {
    return { ...rule, regex: new RegExp(pattern, `g${flags}`) };
  } catch (error) {
    const said = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, "") : String(error);
    throw problem(`is no regular expression: ${said}`, "correct the pattern");
  }
}

/** Python writes flags into the pattern: `(?i)sorry`. */
function pythonFlags({ pattern, flags = "" }: MaskRule): { pattern: string; flags: string } {
  const inline = /^\(\?([ims]+)\)/.exec(pattern);
  if (!inline) return { pattern, flags };
  return { pattern: pattern.slice(inline[0].length), flags: [...new Set(flags + (inline[1] ?? ""))].join("") };
}

/** A rule as it stands in a configuration: `/pattern/flags weight role=assistant part=content`. */
export function ruleText({ pattern, flags = "", weight, role, part }: MaskRule): string {
  const scope = [role === undefined ? "" : ` role=${role}`, part === undefined ? "" : ` part=${part}`].join("");
  return `/${pattern}/${flags} ${weight}${scope}`;
}

const RULE_TEXT = /^\/([\s\S]+)\/([imsu]*)\s+(\d+(?:\.\d+)?|\.\d+)((?:\s+(?:role|part)=\S+)*)\s*$/;

/** @returns undefined where the text is no rule */
export function parseRuleText(text: string): MaskRule | undefined {
  const [, pattern, flags = "", weight, scope = ""] = RULE_TEXT.exec(text.trim()) ?? [];
  if (pattern === undefined) return undefined;
  const role = /role=(\S+)/.exec(scope)?.[1];
  const named = /part=(\S+)/.exec(scope)?.[1];
  const part = RULE_PARTS.find((each) => each === named);
  if (named !== undefined && part === undefined) return undefined;
  return {
    pattern,
    weight: Number(weight),
    ...(flags === "" ? {} : { flags }),
    ...(role === undefined ? {} : { role }),
    ...(part === undefined ? {} : { part }),
  };
}
