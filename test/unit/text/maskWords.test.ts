import { describe, expect, it } from "vitest";
import { resolveConfig } from "#shared/config/index.ts";
import {
  createEncoder,
  inspectRow,
  type MaskOptions,
  type MaskPolicy,
  maskOptionsOf,
  maskRules,
  maskSettingsOf,
  maskText,
  type ParsedRow,
  parseRuleText,
  ProofAccumulator,
  ruleInEnglish,
  ruleText,
} from "#shared/text/index.ts";
import { CHATML, conversation, qwenTokenizer, turns } from "./reference.ts";

const OPTIONS: MaskOptions = {
  endOfTurn: "last",
  reasoning: "ignore",
  toolCalls: false,
  roles: { user: 0.5, assistant: 1 },
  rules: [
    { pattern: "a, b/c", flags: "i", weight: 0 },
    { pattern: "\\d+", weight: 2.5, role: "user", part: "content" },
  ],
};
const base = { model_name_or_path: "m", train_files: ["d"], output_dir: "o" };
const resolved = (values: Record<string, unknown>): ReturnType<typeof resolveConfig> =>
  resolveConfig([{ source: "file", values: { ...base, ...values } }]);

describe("options as keys of a run", () => {
  it("come back from their keys as they were", () => {
    const { config, problems } = resolved(maskSettingsOf(OPTIONS));
    expect(problems).toEqual([]);
    expect(config && maskOptionsOf(config)).toEqual(OPTIONS);
  });
  it("are none where every key has its default, under every mask", () => {
    for (const mask of [undefined, "assistant", "all"]) {
      const { config } = resolved(mask === undefined ? {} : { mask });
      expect(config && maskOptionsOf(config)).toBeUndefined();
    }
  });
  it("write rules that read as they are", () => {
    for (const rule of OPTIONS.rules ?? []) expect(parseRuleText(ruleText(rule))).toEqual(rule);
    expect(parseRuleText("no rule")).toBeUndefined();
    expect(parseRuleText("/x/ 1 part=nothing")).toBeUndefined();
  });
  it.each([
    ["loss_scale", "ignore_empty_think", [String.raw`/<think>\s*<\/think>\s*/ 0`]],
    ["loss_scale", "default", []],
    ["loss_scale", { "<b>.*?</b>": [2] }, ["/<b>.*?</b>/ 2"]],
    ["loss_scale", [{ pattern: "x", weight: 0.5, role: "tool" }], ["/x/ 0.5 role=tool"]],
    ["roles_to_train", { user: 0.5, assistant: true, tool: false }, ["user:0.5", "assistant", "tool:0"]],
  ])("%s: reads how others write %j", (key, given, expected) => {
    const { entries, problems } = resolved({ [key]: given });
    expect(problems).toEqual([]);
    expect(entries.find((entry) => entry.key === key)?.value).toEqual(expected);
  });
  it.each([
    ["train_on_eot", "last", "train_on_eos", "last"],
    ["train_on_inputs", true, "mask", "all"],
    ["mask_history", true, "mask", "last_assistant"],
    ["assistant_only_loss", true, "mask", "assistant"],
  ])("%s: %j is read as %s: %s", (name, given, key, expected) => {
    const { entries, problems, notices } = resolved({ [name]: given });
    expect(problems).toEqual([]);
    expect(notices).toHaveLength(1);
    expect(entries.find((entry) => entry.key === key)?.value).toBe(expected);
  });
  it.each([
    ["loss_scale", "/(/ 1"],
    ["loss_scale", "hermes"],
    ["roles_to_train", ["user:x"]],
    ["train_on_eos", "sometimes"],
  ])("%s refuses %j by name", (key, given) => {
    expect(resolved({ [key]: given }).problems).toEqual([expect.objectContaining({ key })]);
  });
});

describe("a mask in words", () => {
  it("says every rule once, and on one line for a record", () => {
    expect(maskRules("assistant", OPTIONS).map(ruleInEnglish)).toMatchInlineSnapshot(`
      [
        "What the assistant writes is trained",
        "The role user counts 0.5 times",
        "The role assistant is trained",
        "Only the last trained turn's end is trained",
        "Reasoning is read, not trained",
        "Tool calls are not trained",
        "What matches /a, b/c/i is not trained",
        "What matches /\\d+/ in content of the role user counts 2.5 times",
        "Weights of messages and painted text scale or switch off what they cover",
      ]
    `);
    expect(maskText("assistant", OPTIONS)).toMatchInlineSnapshot(
      `"assistant (train_on_eos: last; train_on_reasoning: ignore; train_on_tool_calls: false; roles_to_train: user:0.5, assistant; loss_scale: /a, b/c/i 0, /\\d+/ 2.5 role=user part=content)"`,
    );
    expect(maskText("all", undefined)).toBe("all");
  });
});

describe("what each rule does", () => {
  const rows = [
    turns("one", "a one", "two", "a two"),
    conversation({
      messages: [
        { role: "user", content: "q" },
        { role: "assistant", content: "one one", weight: 0 },
        { role: "user", content: "r" },
        { role: "assistant", content: "s" },
      ],
    }),
  ];
  const prove = (options: MaskOptions): Record<string, [number, number, number]> => {
    const encoder = createEncoder({
      tokenizer: qwenTokenizer(),
      template: { kind: "jinja", source: CHATML },
      maskOptions: options,
    });
    const context = {
      tokenizer: encoder.tokenizer,
      mask: encoder.mask,
      maskOptions: options,
      stopIds: encoder.stopIds,
    };
    const proofs = rows.map((row, i) => {
      const proof = new ProofAccumulator(context);
      proof.add(i, encoder.encode(row, i));
      return proof;
    });
    const merged = new ProofAccumulator(context);
    for (const proof of proofs) merged.merge(proof.report());
    const { rules = [], findings } = merged.report();
    expect(findings.filter((finding) => finding.class !== "untrained-end-of-turn")).toEqual([]);
    return Object.fromEntries(rules.map(({ rule, tokens, trained, rows: count }) => [rule, [tokens, trained, count]]));
  };
  it("is counted by the proof: tokens, how many are trained, rows", () => {
    expect(prove({})).toEqual({ "mask=assistant": [5, 5, 2], "train_on_eos=turn": [3, 3, 2], weight: [3, 0, 1] });
    expect(prove({ endOfTurn: "none", rules: [{ pattern: "one", weight: 0 }] })).toMatchObject({
      "train_on_eos=none": [4, 0, 2],
      "loss_scale[0]=/one/ 0": [3, 0, 2],
    });
    expect(prove({ endOfTurn: "last", roles: { assistant: 0.5 } })).toMatchObject({
      "roles_to_train=assistant:0.5": [7, 5, 2],
      "train_on_eos=last": [4, 2, 2],
    });
    expect(prove({ roles: { user: 0.5 } })).toMatchObject({
      "roles_to_train=user:0.5": [4, 4, 2],
      "roles_to_train=assistant:0": [7, 0, 2],
    });
  });
});

describe("findings under options", () => {
  const classes = (row: ParsedRow, options: MaskOptions, mask: MaskPolicy = "assistant"): string[] => {
    const encoder = createEncoder({
      tokenizer: qwenTokenizer(),
      template: { kind: "jinja", source: CHATML },
      mask,
      maskOptions: options,
    });
    const { encoded, facts } = encoder.encode(row, 0);
    const context = { tokenizer: encoder.tokenizer, mask, stopIds: encoder.stopIds, maskOptions: options };
    return inspectRow({ encoded, facts }, context);
  };
  const row = turns("a", "b", "c", "d");
  it("a role that the options name is no leak, nor what a rule trains of one", () => {
    expect(classes(row, { roles: { user: 1, assistant: 1 } })).toEqual([]);
    expect(classes(row, { rules: [{ pattern: "c", weight: 1, role: "user" }] })).toEqual([]);
    const other = createEncoder({
      tokenizer: qwenTokenizer(),
      template: { kind: "jinja", source: CHATML },
      maskOptions: { roles: { user: 1, assistant: 1 } },
    });
    const leaky = other.encode(row, 0);
    expect(inspectRow(leaky, { tokenizer: other.tokenizer, mask: "assistant", stopIds: other.stopIds })).toEqual([
      "role-leak",
    ]);
  });
  it("an end that is never trained by choice is still said; the last one only is enough where that was chosen", () => {
    expect(classes(row, { endOfTurn: "none" })).toEqual(["untrained-end-of-turn"]);
    expect(classes(row, { endOfTurn: "last" })).toEqual([]);
    expect(classes(row, { endOfTurn: "last" }, "last_assistant")).toEqual([]);
  });
});
