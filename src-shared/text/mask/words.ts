import type { MaskPolicy } from "../types.ts";
import type { EosChoice, MaskOptions, ReasoningChoice } from "./options.ts";
import { type MaskRule, ruleText } from "./rule.ts";

/** One rule of a mask as a sentence without its words; a catalogue gives them. */
export type RuleSentence =
  | { readonly kind: "policy"; readonly policy: MaskPolicy }
  | { readonly kind: "role"; readonly role: string; readonly weight: number }
  | { readonly kind: "endOfTurn"; readonly choice: EosChoice }
  | { readonly kind: "header"; readonly trained: boolean }
  | { readonly kind: "reasoning"; readonly choice: ReasoningChoice }
  | { readonly kind: "toolCalls"; readonly trained: boolean }
  | { readonly kind: "toolResults"; readonly trained: boolean }
  | { readonly kind: "rule"; readonly number: number; readonly rule: MaskRule }
  | { readonly kind: "weights" };

/** A rule with the key under which its numbers are told. */
export type KeyedRule = RuleSentence & { readonly key: string };

/** Every rule of a mask in the order in which they act, the weights of the data last. */
export function maskRules(policy: MaskPolicy, options: MaskOptions = {}): KeyedRule[] {
  const { endOfTurn = "turn", header, reasoning, toolCalls, toolResults, roles, rules = [] } = options;
  const isNamed = roles !== undefined && Object.hasOwn(roles, "assistant");
  const complete = roles === undefined || isNamed ? (roles ?? {}) : { ...roles, assistant: 0 };
  return [
    { kind: "policy", policy, key: `mask=${policy}` },
    ...Object.entries(complete).map(([role, weight]) => {
      return { kind: "role", role, weight, key: `roles_to_train=${role}:${weight}` } as const;
    }),
    { kind: "endOfTurn", choice: endOfTurn, key: `train_on_eos=${endOfTurn}` },
    ...(header === undefined ? [] : [{ kind: "header", trained: header, key: `train_on_header=${header}` } as const]),
    ...(reasoning === undefined
      ? []
      : [{ kind: "reasoning", choice: reasoning, key: `train_on_reasoning=${reasoning}` } as const]),
    ...(toolCalls === undefined
      ? []
      : [{ kind: "toolCalls", trained: toolCalls, key: `train_on_tool_calls=${toolCalls}` } as const]),
    ...(toolResults === undefined
      ? []
      : [{ kind: "toolResults", trained: toolResults, key: `train_on_tool_results=${toolResults}` } as const]),
    ...rules.map(
      (rule, i) => ({ kind: "rule", number: i + 1, rule, key: `loss_scale[${i}]=${ruleText(rule)}` }) as const,
    ),
    { kind: "weights", key: "weight" },
  ];
}

const POLICIES: Readonly<Record<MaskPolicy, string>> = {
  assistant: "What the assistant writes is trained",
  last_assistant: "What the assistant writes last is trained",
  all: "Every token is trained",
  structural: "The assistant's text and the marks of every turn are trained",
};
const ENDS: Readonly<Record<EosChoice, string>> = {
  turn: "Every trained turn's end is trained",
  last: "Only the last trained turn's end is trained",
  all: "Every turn's end is trained, whoever wrote it",
  none: "No end of a turn is trained: the model does not learn to stop",
};
const REASONING: Readonly<Record<ReasoningChoice, string>> = {
  train: "Reasoning is trained like the rest of the answer",
  ignore: "Reasoning is read, not trained",
  strip: "Reasoning before the last user's turn is left out, as in serving; what remains is trained",
  last: "Reasoning is trained behind the last user's turn only",
};

/** A rule in English, as records and the command line write it. */
export function ruleInEnglish(rule: RuleSentence): string {
  switch (rule.kind) {
    case "policy":
      return POLICIES[rule.policy];
    case "role":
      return rule.weight === 0
        ? `The role ${rule.role} is not trained`
        : `The role ${rule.role} ${counted(rule.weight)}`;
    case "endOfTurn":
      return ENDS[rule.choice];
    case "header":
      return `The opening of a trained turn is ${rule.trained ? "" : "not "}trained`;
    case "reasoning":
      return REASONING[rule.choice];
    case "toolCalls":
      return `Tool calls are ${rule.trained ? "" : "not "}trained`;
    case "toolResults":
      return `What tools answer is ${rule.trained ? "" : "not "}trained`;
    case "rule":
      return matchedInEnglish(rule.rule);
    case "weights":
      return "Weights of messages and painted text scale or switch off what they cover";
  }
}

const counted = (weight: number): string => (weight === 1 ? "is trained" : `counts ${weight} times`);

const PARTS = { content: "content", reasoning: "reasoning", tool_calls: "tool calls" } as const;

function matchedInEnglish({ pattern, flags = "", weight, role, part }: MaskRule): string {
  const where = [part === undefined ? "" : ` in ${PARTS[part]}`, role === undefined ? "" : ` of the role ${role}`].join(
    "",
  );
  return `What matches /${pattern}/${flags}${where} ${weight === 0 ? "is not trained" : counted(weight)}`;
}
