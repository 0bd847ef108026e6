import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { namedTemplate, templateFile, templateText } from "#main/core/text/templateChoice.ts";
import { templateChoiceOf } from "#main/core/runs/settings.ts";
import { resolvePaths } from "#shared/config/paths.ts";
import { CHATML_HUMAN_FORM } from "#shared/text/index.ts";

describe("what a configuration's template means", () => {
  const folder = mkdtempSync(join(tmpdir(), "sift-choice-"));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it("is the model's own, one of its named ones, or a preset", () => {
    for (const text of ["own", "own:tool_use", "chatml"]) {
      const choice = namedTemplate(text);
      expect(choice && templateText(choice)).toBe(text);
    }
    expect(namedTemplate("own:tool_use")).toEqual({ kind: "own", name: "tool_use" });
    expect(namedTemplate("some.jinja")).toBeUndefined();
    const context = { rows: 0, resolvePath: (_: string, path: string) => `/there/${path}` };
    expect(
      resolvePaths("template", "own:v1.tool/use", { source: "file", values: {}, baseDir: "/" }, context as never),
    ).toBe("own:v1.tool/use");
  });

  it("is a form, as YAML or JSON, or a text", () => {
    const expected = { kind: "form", form: CHATML_HUMAN_FORM };
    expect(templateFile(write("form.yaml", stringify(CHATML_HUMAN_FORM)))).toEqual(expected);
    expect(templateChoiceOf({ template: write("form.json", JSON.stringify(CHATML_HUMAN_FORM)) })).toEqual(expected);
    expect(templateFile(write("x.jinja", "{{ x }}"))).toEqual({ kind: "text", source: "{{ x }}", name: "x.jinja" });
    expect(readFileSync(join(folder, "form.yaml"), "utf8")).toContain("first_turn: drop");
  });

  it("says what is wrong in a form's file", () => {
    const bad = write("bad.yaml", "name: x\nroles: {user: {strat: a}, assistant: {}}");
    expect(() => templateChoiceOf({ template: bad })).toThrow(
      expect.objectContaining({ code: "template-form", where: { file: bad, what: "roles.user.strat" } }),
    );
    expect(() => templateFile(write("broken.yaml", "a: [1"))).toThrow(
      expect.objectContaining({ code: "template-form" }),
    );
    expect(() => templateChoiceOf({ template: join(folder, "none.yaml") })).toThrow(
      expect.objectContaining({ code: "template-file" }),
    );
  });
});
