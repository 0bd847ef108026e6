import { describe, expect, it } from "vitest";
import { en } from "#renderer/i18n/en.ts";
import { zh } from "#renderer/i18n/zh.ts";
import {
  changeCount,
  changedOptions,
  draftOf,
  draftProblems,
  offeredRoles,
  renderedRoles,
  usableRules,
  withRole,
} from "#renderer/views/template/mask-options.ts";
import { malformed, parseInput } from "#renderer/views/train/values.ts";
import { type MaskOptions, maskRules } from "#shared/text/index.ts";

describe("options of the mask in the panel", () => {
  it("are gone where nothing is changed any more", () => {
    const changed = changedOptions(undefined, { endOfTurn: "last" });
    expect(changed).toEqual({ endOfTurn: "last" });
    expect(changeCount(changed)).toBe(1);
    expect(changedOptions(changed, { endOfTurn: undefined })).toBeUndefined();
    expect(changeCount({ reasoning: "train", toolCalls: true })).toBe(0);
  });
  it("name roles completely, and none where all weigh as usual", () => {
    const offered = offeredRoles(["tool"], undefined);
    expect(offered).toEqual(["system", "user", "assistant", "tool"]);
    const roles = withRole({ policy: "assistant", offered, options: undefined }, "user", 0.5);
    expect(roles).toEqual({ user: 0.5, assistant: 1 });
    expect(withRole({ policy: "assistant", offered, options: { roles } }, "user", 0)).toBeUndefined();
    expect(withRole({ policy: "all", offered, options: undefined }, "system", 0)).toEqual({
      user: 1,
      assistant: 1,
      tool: 1,
    });
  });
  it("count roles as they are rendered", () => {
    const message = (role: string) => ({ role, content: "x" });
    const row = { kind: "conversation" as const, conversation: { messages: [message("user"), message("assistant")] } };
    const settings = { modelPath: "m", template: { kind: "own" as const }, systemMessage: "s" };
    expect(renderedRoles(row, settings)).toEqual(["system", "user", "assistant"]);
    expect(renderedRoles(row, undefined)).toEqual(["user", "assistant"]);
  });
  it("take rules as far as they can be used while they are typed", () => {
    const draft = draftOf({ pattern: "a", flags: "i", weight: 2, role: "user", part: "content" }, 1);
    expect(usableRules([draft])).toEqual([{ pattern: "a", flags: "i", weight: 2, role: "user", part: "content" }]);
    expect(
      usableRules([
        { ...draft, pattern: "(" },
        { ...draft, pattern: "" },
        { ...draft, weight: "x" },
      ]),
    ).toEqual([]);
    expect(draftProblems({ ...draft, pattern: "(" }).pattern).not.toBe("");
    expect(draftProblems({ ...draft, pattern: "(a+)+" }, "nested").pattern).toBe("nested");
    expect(draftProblems({ ...draft, weight: "-1" })).toEqual({ pattern: "", weight: true });
  });
});

describe("lists of the training form", () => {
  it("keep commas of rules, and stay in the field while they cannot be read", () => {
    expect(parseInput("list", "/a{1,2}, b/ 0, /c/i 2 role=user")).toEqual({
      ok: true,
      value: ["/a{1,2}, b/ 0", "/c/i 2 role=user"],
    });
    expect(parseInput("list", "/data/a.jsonl, /data/b.jsonl")).toEqual({
      ok: true,
      value: ["/data/a.jsonl", "/data/b.jsonl"],
    });
    expect(malformed("loss_scale", ["/a/ 1"])).toBe(false);
    expect(malformed("loss_scale", ["/a"])).toBe(true);
    expect(malformed("roles_to_train", ["user:0.5", "assistant"])).toBe(false);
    expect(malformed("roles_to_train", ["user:"])).toBe(true);
    expect(malformed("target_modules", ["anything"])).toBe(false);
  });
});

describe("every rule in words", () => {
  it("is a sentence of its own in both languages", () => {
    const sets: MaskOptions[] = [
      { endOfTurn: "last", header: true, reasoning: "strip", toolCalls: false, toolResults: true },
      {
        endOfTurn: "none",
        header: false,
        reasoning: "last",
        toolCalls: true,
        toolResults: false,
        roles: { user: 0.5 },
      },
      { endOfTurn: "all", reasoning: "ignore", rules: [{ pattern: "x", weight: 0, role: "user", part: "reasoning" }] },
      { reasoning: "train", roles: { user: 0, assistant: 1 } },
    ];
    for (const language of [en, zh]) {
      const said = sets.flatMap((options) =>
        maskRules("assistant", options).map((rule) => language.mask.sentence(rule)),
      );
      expect(said.every((sentence) => sentence.length > 3 && !/undefined|\[object/.test(sentence))).toBe(true);
    }
    expect(zh.mask.sentence({ kind: "rule", number: 1, rule: { pattern: "x", weight: 0, role: "user" } })).toBe(
      "角色“用户”中匹配 /x/ 的内容不训练",
    );
  });
});
