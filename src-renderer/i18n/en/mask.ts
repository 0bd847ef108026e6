import type { EosChoice, ReasoningChoice } from "#shared/text/mask/options.ts";
import type { RulePart } from "#shared/text/mask/rule.ts";
import { ruleInEnglish, type RuleSentence } from "#shared/text/mask/words.ts";
import { count } from "../plural.ts";

const tokens = (n: number): string => count(n, "token", "tokens");

/** The mask's options, its rules in words and what each does. */
export const mask = {
  more: "More choices",
  changed: (n: number) => count(n, "change", "changes"),
  reset: "Back to the mask's own",
  asMask: "by the mask",
  yes: "trained",
  no: "not trained",
  endOfTurn: "End of turn",
  ends: {
    turn: "every trained turn",
    last: "the last one only",
    all: "everybody's",
    none: "never",
  } satisfies Record<EosChoice, string>,
  endNotes: {
    turn: "The model learns to stop.",
    last: "Earlier ends are read only.",
    all: "Ends of questions too.",
    none: "The model does not learn to stop.",
  } satisfies Record<EosChoice, string>,
  header: "Opening of a turn",
  reasoning: "Reasoning",
  reasonings: {
    train: "trained",
    ignore: "read, not trained",
    strip: "stripped as served",
    last: "last turn only",
  } satisfies Record<ReasoningChoice, string>,
  reasoningNotes: {
    train: "Like the rest of the answer.",
    ignore: "It stays in the text.",
    strip: "Left out before the last user's turn.",
    last: "Trained behind the last user's turn.",
  } satisfies Record<ReasoningChoice, string>,
  toolCalls: "Tool calls",
  toolResults: "Tool results",
  roles: "Weight of each role",
  rolesHint: "0: not trained, 1: normal.",
  roleWeight: (role: string) => `Weight of ${role}`,
  rules: {
    title: "Rules",
    hint: "What matches a pattern gets the weight; where several match, the last one decides.",
    add: "Add a rule",
    pattern: "Pattern (regular expression)",
    weight: "Weight",
    ignoreCase: "any case",
    role: "Of",
    anyRole: "what is trained",
    part: "In",
    anyPart: "all of it",
    parts: { content: "content", reasoning: "reasoning", tool_calls: "tool calls" } satisfies Record<RulePart, string>,
    remove: (n: number) => `Remove rule ${n}`,
    rule: (n: number) => `Rule ${n}`,
    badWeight: "A weight is a number from 0 on.",
    badPattern: "This is no pattern that can be used:",
    nested: "it repeats a repetition, which can take for ever; write (a+)+ as a+.",
  },
  list: "In words",
  here: "this conversation",
  everywhere: "the dataset",
  notProven: "Run the proof to see the numbers of the dataset.",
  tally: (all: number, trained: number) =>
    all === 0 ? "no token" : all === trained ? tokens(all) : `${tokens(all)}, ${trained} trained`,
  tallyRows: (n: number) => `in ${count(n, "row", "rows")}`,
  sentence: (rule: RuleSentence) => ruleInEnglish(rule),
  writeAs: (example: string) => `Write it as in this example: ${example}`,
  byRule: (n: number) => `rule ${n}`,
};
