import { describe, expect, it } from "vitest";
import type { SavedTemplate, TemplateInfo } from "#shared/contract/text.ts";
import { offsetOf } from "#renderer/editor/position.ts";
import { CHATML_HUMAN_FORM } from "#shared/text/index.ts";
import { formInWords } from "#renderer/views/template/form/words.ts";
import { en } from "#renderer/i18n/en.ts";
import { changedOther, otherSettings, swappedOther } from "#renderer/views/template/other-setting.ts";
import { choiceOf, sourceValue } from "#renderer/views/template/draft.ts";

const preset: TemplateInfo = {
  choice: { kind: "preset", name: "chatml-human" },
  name: "chatml-human",
  source: "…",
  hash: "h",
  editable: false,
  defaultMask: "structural",
  masks: ["assistant", "structural"],
  tagged: false,
};
const saved: SavedTemplate = { id: "t1", name: "mine", source: "{{ messages }}", hash: "h", version: 1, updatedAt: 0 };

describe("the source select", () => {
  it("names every choice and leads back to it", () => {
    for (const choice of [
      { kind: "own" } as const,
      { kind: "preset", name: "chatml-human" } as const,
      { kind: "text", source: saved.source, name: "mine" } as const,
    ]) {
      expect(choiceOf(sourceValue(choice, [saved]), [preset], [saved])).toEqual(choice);
    }
  });

  it("knows a form by what it says, saved or not", () => {
    const kept: SavedTemplate = { ...saved, id: "t2", name: "chatml-human", form: CHATML_HUMAN_FORM };
    const choice = { kind: "form", form: CHATML_HUMAN_FORM } as const;
    expect(sourceValue(choice, [saved, kept])).toBe("saved:t2");
    expect(choiceOf("saved:t2", [preset], [saved, kept])).toEqual(choice);
    const changed = { kind: "form", form: { ...CHATML_HUMAN_FORM, eos: "eos_token" } } as const;
    expect(sourceValue(changed, [saved, kept])).toBe("form");
    expect(choiceOf("form", [preset], [saved, kept])).toBeUndefined();
  });

  it("calls a text that is not saved an edited one", () => {
    const value = sourceValue({ kind: "text", source: "{{ x }}" }, [saved]);
    expect(value).toBe("edited");
    expect(choiceOf(value, [preset], [saved])).toBeUndefined();
  });
});

describe("a form in words", () => {
  it("says every piece and what is trained", () => {
    const text = formInWords(CHATML_HUMAN_FORM, en.form);
    expect(text).toContain("Default system text: You are a helpful assistant.");
    expect(text).toContain("User\n  Start of turn: <|im_start|>\n  Role name: human\n  After the name: \\n");
    expect(text).toContain("Trained under “Answers and structure”: start, content, end, newline");
    expect(text).toContain("Tool: no turns of this role");
  });
});

describe("the other side of a comparison", () => {
  const current = {
    modelPath: "/m",
    template: { kind: "preset", name: "chatml" },
    mask: "all",
    maskOptions: { endOfTurn: "none" },
  } as const;
  const form = { kind: "form", form: CHATML_HUMAN_FORM } as const;

  it("is as it is here but for what is chosen", () => {
    expect(otherSettings(current, {})).toEqual(current);
    expect(otherSettings(current, { mask: "own", plainMask: true })).toEqual({
      modelPath: "/m",
      template: current.template,
    });
    const { mask: _, ...withoutMask } = current;
    expect(otherSettings(current, { template: form })).toEqual({ ...withoutMask, template: form });
    expect(otherSettings(current, { template: form, mask: "structural" }).mask).toBe("structural");
  });

  it("changes places with this one and back", () => {
    const other = { template: form, mask: "structural" } as const;
    const { template, mask } = otherSettings(current, other);
    const swapped = swappedOther(current, other);
    expect(swapped).toEqual({ template: current.template, mask: "all" });
    expect(otherSettings({ ...current, template, mask }, swapped)).toEqual(current);
    expect(changedOther(swapped, { template: undefined, versionId: null })).toEqual({ mask: "all", versionId: null });
  });
});

describe("offsetOf", () => {
  const text = "ab\ncdef\n";
  it.each([
    [1, 1, 0],
    [1, 3, 2],
    [2, 2, 4],
    [2, 99, 7],
    [3, 1, 8],
    [99, 1, 8],
    [2, undefined, 3],
  ])("line %s, column %s is at %s", (line, column, offset) => {
    expect(offsetOf(text, line, column)).toBe(offset);
  });

  it("knows no place without a line", () => {
    expect(offsetOf(text, undefined, 3)).toBeUndefined();
    expect(offsetOf(text, 0, 3)).toBeUndefined();
  });
});
