import { ESLint } from "eslint";
import * as parser from "svelte-eslint-parser";
import { describe, expect, it } from "vitest";
import rule from "../../../scripts/eslint/no-literal-text.js";
import { repositoryRoot } from "../../shared.ts";

async function findings(source: string): Promise<string[]> {
  const eslint = new ESLint({
    cwd: repositoryRoot,
    overrideConfigFile: true,
    overrideConfig: [
      {
        files: ["**/*.svelte"],
        languageOptions: { parser },
        plugins: { sift: { rules: { "no-literal-text": rule } } },
        rules: { "sift/no-literal-text": "error" },
      },
    ],
  });
  const [result] = await eslint.lintText(source, { filePath: "src-renderer/Example.svelte" });
  return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
}

describe("no-literal-text", () => {
  it.each([
    ["text", "<p>Hello</p>"],
    ["Chinese text", "<p>你好</p>"],
    ["a literal in a mustache", "<p>{busy ? 'Wait' : name}</p>"],
    ["a template literal", "<p>{`${n} rows`}</p>"],
    ["aria-label", '<button aria-label="Close"></button>'],
    ["a mixed attribute", '<input placeholder="Search {name}" />'],
    ["a component property", '<Card title="Runs" />'],
    ["an expression in an attribute", '<Card title={"Runs"} />'],
  ])("finds %s", async (_, source) => {
    expect(await findings(source)).toEqual(["sift/no-literal-text"]);
  });

  it.each([
    ["catalogue messages", "<p title={t().a}>{t().b(n)}</p>"],
    ["signs and numbers", "<p>3 · 100 %</p>"],
    ["keys and code", "<kbd>Ctrl K</kbd><code>chatml</code>"],
    ["what nobody reads", '<p class="big" id="x" data-kind="y" style:width="{n}px"></p>'],
    ["styles and scripts", "<script>const a = 'text';</script><style>p { color: red }</style>"],
  ])("leaves %s alone", async (_, source) => {
    expect(await findings(source)).toEqual([]);
  });
});
