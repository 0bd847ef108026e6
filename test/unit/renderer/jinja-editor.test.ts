import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { offersAt } from "#renderer/editor/jinja/completion.ts";
import { ChatTemplate } from "#shared/text/index.ts";
import { blocksOf, tagsOf } from "#shared/text/jinja/blocks.ts";
import { checkTemplate } from "#shared/text/jinja/check.ts";
import { formatTemplate } from "#shared/text/jinja/format.ts";
import { JINJA_NAMES } from "#shared/text/jinja/names.ts";
import { sharedPath } from "../../shared.ts";
import { readOracle } from "../text/reference.ts";

/** Labels offered at `‸`. */
function offered(marked: string): readonly string[] {
  const at = marked.indexOf("‸");
  return offersAt(marked.replace("‸", ""), at)?.offers.map((offer) => offer.label) ?? [];
}
const LOOP = "{% for message in messages %}";
const templates = [
  ...readOracle<{ name: string; source: string }[]>("templates.json"),
  ...["gemma3", "llama3_1", "phi3_5", "qwen2_5", "qwen3", "qwen3_training"].flatMap((name) => {
    const file = sharedPath("templates", `${name}.jinja`);
    return file === undefined ? [] : [{ name, source: readFileSync(file, "utf8") }];
  }),
];

describe("completion", () => {
  test("offers tags, the open block's own first", () => {
    expect(offered(`${LOOP}{% if x %}{%- ‸`).slice(0, 3)).toEqual(["endif", "elif", "else"]);
    expect(offered(`${LOOP}{% ‸`).slice(0, 2)).toEqual(["endfor", "else"]);
    expect(offered("{% gen‸")).toContain("generation");
    expect(offered("{% ‸")).not.toContain("include");
  });
  test("offers filters behind |, tests behind is", () => {
    expect(offered("{{ messages | ‸")).toEqual(JINJA_NAMES.filters);
    expect(offered("{{ x|to‸")).toContain("tojson");
    expect(offered("{{ x | ‸")).not.toContain("wordwrap");
    expect(offered("{% if x is ‸")).toEqual(JINJA_NAMES.tests);
    expect(offered("{% if x is not def‸ %}")).toContain("defined");
  });
  test("offers what a template is given and what it sets itself", () => {
    const set = "{% set seen = false %}{% macro shown(value, deep=1) %}{% endmacro %}";
    expect(offered(`${set}{{ ‸`)).toEqual(
      expect.arrayContaining(["messages", "bos_token", "enable_thinking", "seen", "shown", "deep", "raise_exception"]),
    );
    expect(offered("{{ ‸")).not.toContain("lipsum");
    expect(offered("{% set ‸")).toEqual([]);
    expect(offered("plain ‸ text")).toEqual([]);
    expect(offered("{{ 'in a ‸")).toEqual([]);
    expect(offered("{# mess‸ #}")).toEqual([]);
  });
  test("offers fields of messages, of loop, of namespaces and of tools", () => {
    expect(offered(`${LOOP}{{ message.‸`).slice(0, 2)).toEqual(["role", "content"]);
    expect(offered(`${LOOP}{{ message['‸`)).toContain("tool_calls");
    expect(offered("{{ messages[0].‸")).toContain("content");
    expect(offered("{{ messages[0]['‸']")).toContain("content");
    expect(offered("{% for m in messages %}{{ m.c‸")).toContain("content");
    expect(offered("{{ loop.‸")).toEqual(JINJA_NAMES.loop);
    expect(offered("{% set ns = namespace(last=0, seen=false) %}{% set ns.more = 1 %}{{ ns.‸")).toEqual([
      "last",
      "seen",
      "more",
    ]);
    expect(offered("{% for tool_call in message.tool_calls %}{{ tool_call.function.‸")).toContain("arguments");
    expect(offered("{{ content.‸")).toEqual(expect.arrayContaining(["strip", "split", "items"]));
  });
  test("offers nothing that the evaluator does not have", () => {
    const loop = JINJA_NAMES.loop.map((name) => `{{ loop.${name} is defined }}`).join("");
    const source = `{% for a in [1, 2, 3] %}{% if loop.index == 2 %}${loop}{% endif %}{% endfor %}`;
    expect(new ChatTemplate(source).render(new Map()).text.text).toBe("True".repeat(JINJA_NAMES.loop.length));
    const uses = [
      ...JINJA_NAMES.filters.map((name) => `{{ x | ${name} }}`),
      ...JINJA_NAMES.tests.map((name) => `{{ x is ${name} }}`),
      ...JINJA_NAMES.functions.map((name) => `{{ ${name}(x) }}`),
    ];
    expect(checkTemplate(uses.join("\n"))).toEqual([]);
  });
});

describe("errors while typing", () => {
  test("a template that does not parse has its place", () => {
    const [error] = checkTemplate("a\n  {% if x %}\nb");
    expect(error).toMatchObject({ code: "template-syntax", where: { line: 2, column: 6 } });
  });
  test("what is not supported is named, each at its place", () => {
    const found = checkTemplate("{{ a | wordwrap }}\n{{ b is odder }}{% filter pprint %}{% endfilter %}{{ cycler() }}");
    expect(found.map((error) => [error.where?.line, error.where?.column])).toEqual([
      [1, 8],
      [2, 6],
      [2, 27],
      [2, 54],
    ]);
    expect(found[0]?.message).toContain("the filter 'wordwrap'");
    expect(checkTemplate("{% include 'x' %}")[0]?.message).toContain("the tag 'include'");
  });
  test.each(templates)("$name has none", ({ source }) => expect(checkTemplate(source)).toEqual([]));
});

describe("blocks", () => {
  test("partners are found with their middle tags, also in what is half written", () => {
    const source = "{% for m in a %}{% if m == '%}' %}x{% else %}y{% endif %}{% set z %}q{% endset %}{% if open %}";
    const blocks = blocksOf(tagsOf(source)).map(({ tags, closed, depth }) => [
      tags.map((tag) => tag.name),
      closed,
      depth,
    ]);
    expect(blocks).toEqual([
      [["for"], false, 0],
      [["if", "else", "endif"], true, 1],
      [["set", "endset"], true, 1],
      [["if"], false, 1],
    ]);
  });
  test("raw text and comments hold no tags", () => {
    const source = "{# {% if %} #}{% raw %}{% for %}{{ x }}{% endraw %}{{ '}}' }}";
    expect(tagsOf(source).map(({ kind, name }) => [kind, name])).toEqual([
      ["comment", ""],
      ["block", "raw"],
      ["block", "endraw"],
      ["variable", ""],
    ]);
  });
  test.each(templates)("$name is well formed", ({ source }) => {
    expect(blocksOf(tagsOf(source)).filter((block) => !block.closed)).toEqual([]);
  });
});

describe("formatting", () => {
  test("puts tags on lines by depth and leaves text that is output", () => {
    const source = "{% for m in messages %}{% if m.role == 'user' %}U: {{ m.content }}\n{% endif %}{%- endfor %}end";
    expect(formatTemplate(source)).toBe(
      [
        "{% for m in messages %}",
        "    {% if m.role == 'user' %}U: {{ m.content }}",
        "    {% endif %}",
        "{%- endfor %}end",
      ].join("\n"),
    );
  });
  test.each(templates)("$name renders as before, and is laid out once", ({ source }) => {
    const formatted = formatTemplate(source);
    expect(formatTemplate(formatted)).toBe(formatted);
  });
  test("white space that is output is not touched", () => {
    for (const source of [
      "{{ a }}  {% if x %}b{% endif %}",
      "a\n\n   {{ b }}",
      "{%+ if x %}\n  {%+ endif %}",
      "{% if x +%}\n  y{% endif %}",
    ]) {
      expect(formatTemplate(source)).toBe(source);
    }
  });
  test("what does not parse is refused", () => expect(() => formatTemplate("{% if %}")).toThrow());
});
