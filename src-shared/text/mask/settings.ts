import type { EosChoice, MaskOptions, ReasoningChoice } from "./options.ts";
import { compileRule, type MaskRule, parseRuleText, ruleText } from "./rule.ts";

/** The options as keys of a run's configuration, each under the name that the field uses where there is one. */
export interface MaskSettings {
  readonly train_on_eos: EosChoice;
  readonly train_on_header: boolean;
  readonly train_on_reasoning: ReasoningChoice;
  readonly train_on_tool_calls: boolean;
  readonly train_on_tool_results: boolean;
  readonly roles_to_train: readonly string[];
  readonly loss_scale: readonly string[];
}
/** Keys of a run configuration that make the options of a mask. */
export const MASK_KEYS = [
  "train_on_eos",
  "train_on_header",
  "train_on_reasoning",
  "train_on_tool_calls",
  "train_on_tool_results",
  "roles_to_train",
  "loss_scale",
] as const satisfies readonly (keyof MaskSettings)[];

/** Options as the contract carries them. */
export interface GivenOptions extends MaskOptions {
  readonly rules?: MaskRule[];
}

/** What a policy does by itself: under `all` everything is trained already. */
const byItself = (mask: string | null): boolean => mask === "all";

/** Options of a configuration; what only says what the policy does anyway is left out. Undefined where nothing is left. */
export function maskOptionsOf(settings: MaskSettings & { readonly mask: string | null }): GivenOptions | undefined {
  const { mask, roles_to_train: roles, loss_scale: rules } = settings;
  const options: GivenOptions = {
    ...(settings.train_on_eos === "turn" ? {} : { endOfTurn: settings.train_on_eos }),
    ...(settings.train_on_header === byItself(mask) ? {} : { header: settings.train_on_header }),
    ...(settings.train_on_reasoning === "train" ? {} : { reasoning: settings.train_on_reasoning }),
    ...(settings.train_on_tool_calls ? {} : { toolCalls: false }),
    ...(settings.train_on_tool_results === byItself(mask) ? {} : { toolResults: settings.train_on_tool_results }),
    ...(roles.length === 0 ? {} : { roles: Object.fromEntries(roles.flatMap((text) => parseRole(text) ?? [])) }),
    ...(rules.length === 0 ? {} : { rules: rules.flatMap((text) => parseRuleText(text) ?? []) }),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}

/** The keys that options stand for; only those that say something. */
export function maskSettingsOf(options: MaskOptions = {}): Partial<MaskSettings> {
  const { endOfTurn, header, reasoning, toolCalls, toolResults, roles, rules = [] } = options;
  return {
    ...(endOfTurn === undefined || endOfTurn === "turn" ? {} : { train_on_eos: endOfTurn }),
    ...(header === undefined ? {} : { train_on_header: header }),
    ...(reasoning === undefined || reasoning === "train" ? {} : { train_on_reasoning: reasoning }),
    ...(toolCalls === undefined || toolCalls ? {} : { train_on_tool_calls: toolCalls }),
    ...(toolResults === undefined ? {} : { train_on_tool_results: toolResults }),
    ...(roles === undefined ? {} : { roles_to_train: Object.entries(roles).map(roleText) }),
    ...(rules.length === 0 ? {} : { loss_scale: rules.map(ruleText) }),
  };
}

const roleText = ([role, weight]: readonly [string, number]): string => (weight === 1 ? role : `${role}:${weight}`);

/** `user`, or with its weight `user:0.5`. */
export function parseRole(text: string): (readonly [string, number])[] | undefined {
  const [, role, weight = "1"] = /^([^\s:]+)(?::(\d+(?:\.\d+)?|\.\d+))?$/.exec(text.trim()) ?? [];
  return role === undefined ? undefined : [[role, Number(weight)]];
}

/** What is wrong with a rule's text; undefined where nothing is. */
export function ruleProblem(text: string): string | undefined {
  const rule = parseRuleText(text);
  if (!rule) return "it is no rule";
  try {
    compileRule(rule, 0);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Lists of roles as others write them: a map from role to weight, or to true and false. */
export function normalRoles(raw: unknown): unknown {
  if (!isRecord(raw)) return raw;
  return Object.entries(raw).map(([role, weight]) =>
    roleText([role, typeof weight === "number" ? weight : weight ? 1 : 0]),
  );
}

/** ms-swift's own names for rules. */
const NAMED_RULES: Readonly<Record<string, readonly string[]>> = {
  default: [],
  ignore_empty_think: [String.raw`/<think>\s*<\/think>\s*/ 0`],
};

/** Rules as others write them: ms-swift's names (`default+ignore_empty_think`) and maps from pattern to weight, or objects. */
export function normalRules(raw: unknown): unknown {
  if (typeof raw === "string") return parseRuleText(raw) ? [raw] : namedRules(raw);
  if (Array.isArray(raw))
    return raw.flatMap((each: unknown) => (isRecord(each) ? [objectRule(each)] : normalRules(each)));
  if (!isRecord(raw)) return raw;
  return Object.entries(raw).map(([pattern, weight]) => {
    const only: unknown = Array.isArray(weight) && weight.length === 1 ? weight[0] : weight;
    return typeof only === "number" ? ruleText({ pattern, weight: only }) : pattern;
  });
}

function namedRules(text: string): unknown {
  const names = text.split("+").map((name) => name.trim());
  const known = names.every((name) => Object.hasOwn(NAMED_RULES, name));
  return known ? names.flatMap((name) => NAMED_RULES[name] ?? []) : text;
}

/** Fields that are no text or number make a text that is no rule, which is then refused as it was written. */
function objectRule(rule: Readonly<Record<string, unknown>>): string {
  const field = (name: string): string => {
    const value = rule[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : value === undefined ? "" : "?";
  };
  const [role, part] = [field("role"), field("part")];
  const scope = [role === "" ? "" : ` role=${role}`, part === "" ? "" : ` part=${part}`].join("");
  return `/${field("pattern")}/${field("flags")} ${field("weight")}${scope}`;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A mask on one line, for records: two runs with the same line train the same tokens of a text. */
export function maskText(policy: string, options: MaskOptions | undefined): string {
  const changed = Object.entries(maskSettingsOf(options)).map(([key, value]) => {
    return `${key}: ${Array.isArray(value) ? value.join(", ") : String(value)}`;
  });
  return changed.length === 0 ? policy : `${policy} (${changed.join("; ")})`;
}
