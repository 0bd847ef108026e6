import { describe, expect, it } from "vitest";
import type { Expression } from "#shared/text/jinja/ast.ts";
import { tokenize } from "#shared/text/jinja/lexer.ts";
import { parseTemplate } from "#shared/text/jinja/parser.ts";
import { TemplateSource } from "#shared/text/jinja/source.ts";
import { unescapeString } from "#shared/text/jinja/unescape.ts";

const tokens = (text: string): string[] =>
  tokenize(new TemplateSource(text)).map((token) => `${token.kind}:${token.value}@${token.at}`);

/** An expression with its structure in brackets. */
function shape(text: string): string {
  const [statement] = parseTemplate(new TemplateSource(`{{ ${text} }}`)).body;
  if (statement?.type !== "output") throw new Error("no output");
  return show(statement.value);
}

function show(node: Expression): string {
  switch (node.type) {
    case "constant":
      return JSON.stringify(typeof node.value === "bigint" ? String(node.value) : node.value);
    case "float":
      return String(node.value);
    case "name":
      return node.name;
    case "attribute":
      return `${show(node.object)}.${node.name}`;
    case "item":
      return `${show(node.object)}[${node.index.type === "slice" ? "slice" : show(node.index)}]`;
    case "call":
      return `${show(node.callee)}(${node.args.positional.map(show).join(" ")})`;
    case "filter":
      return `(${show(node.input)} | ${node.name})`;
    case "test":
      return `(${show(node.input)} is ${[node.name, ...node.args.positional.map(show)].join(" ")})`;
    case "not":
      return `(not ${show(node.value)})`;
    case "sign":
      return `(${node.negative ? "-" : "+"}${show(node.value)})`;
    case "binary":
      return `(${show(node.left)} ${node.operator} ${show(node.right)})`;
    case "compare":
      return `(${[show(node.first), ...node.rest.map((link) => `${link.operator} ${show(link.value)}`)].join(" ")})`;
    case "and":
    case "or":
      return `(${show(node.left)} ${node.type} ${show(node.right)})`;
    case "concat":
      return `(${node.parts.map(show).join(" ~ ")})`;
    case "conditional":
      return `(${show(node.yes)} if ${show(node.test)}${node.no ? ` else ${show(node.no)}` : ""})`;
    case "list":
    case "tuple":
      return `${node.type}(${node.items.map(show).join(" ")})`;
    case "dict":
      return `dict(${node.items.map(({ key, value }) => `${show(key)}:${show(value)}`).join(" ")})`;
  }
}

describe("precedence", () => {
  it.each([
    ["1 + 2 * 3", "(1 + (2 * 3))"],
    ["2 ** 3 ** 2", "((2 ** 3) ** 2)"],
    ["-2 ** 2", "((-2) ** 2)"],
    ["-x | abs", "((-x) | abs)"],
    ["a ~ b + c ~ d", "((a ~ b) + (c ~ d))"],
    ["a ~ b * c", "(a ~ (b * c))"],
    ["1 < 2 < 3", "(1 < 2 < 3)"],
    ["not a in b", "(not (a in b))"],
    ["a not in b", "(a not in b)"],
    ["a or b and not c", "(a or (b and (not c)))"],
    ["a if b else c if d else e", "(a if b else (c if d else e))"],
    ["a if b", "(a if b)"],
    ["x is defined and y", "((x is defined) and y)"],
    ["x is not divisibleby 3", "(not (x is divisibleby 3))"],
    ["x is eq 3 + 1", "((x is eq 3) + 1)"],
    ["a.b[0].c(1)[2:]", "a.b[0].c(1)[slice]"],
    ["a | f | g(1) is h", "(((a | f) | g) is h)"],
    ["'a' 'b'", '"ab"'],
    ["(1)", "1"],
    ["(1,)", "tuple(1)"],
    ["1, 2", "tuple(1 2)"],
    ["{'a': [1, (2)]}", 'dict("a":list(1 2))'],
    ["x.0", "x[0]"],
    ["a[1, 2]", "a[tuple(1 2)]"],
    ["True and none", "(true and null)"],
  ])("%s", (text, expected) => {
    expect(shape(text)).toBe(expected);
  });
});

describe("white space control", () => {
  it("keeps offsets in the source", () => {
    expect(tokens("a {%- if x -%} b")).toEqual([
      "data:a@0",
      "block_begin:{%@2",
      "name:if@6",
      "name:x@9",
      "block_end:-%}@11",
      "data:b@15",
      "eof:@16",
    ]);
  });
  it("drops one newline behind a tag and the indent before it", () => {
    expect(tokens("x\n  {% a %}\n\ny").filter((t) => t.startsWith("data"))).toEqual(["data:x\n@0", "data:\ny@12"]);
  });
  it("of + keeps both", () => {
    expect(tokens("  {%+ a +%}\ny").filter((t) => t.startsWith("data"))).toEqual(["data:  @0", "data:\ny@11"]);
  });
  it("knows brackets from the end of a tag", () => {
    expect(tokens("{{ {'a': {}} }}").at(-2)).toBe("variable_end:}}@13");
  });
});

describe("generation tags", () => {
  it("are statements with a place, however they are written", () => {
    for (const text of [
      "{% generation %}x{% endgeneration %}",
      "{%- generation -%}x{%- endgeneration -%}",
      "{%generation%}x{%endgeneration%}",
    ]) {
      const template = parseTemplate(new TemplateSource(text));
      expect(template.hasGenerationTags).toBe(true);
      expect(template.body).toMatchObject([{ type: "generation", body: [{ type: "data", text: "x" }] }]);
    }
    expect(parseTemplate(new TemplateSource("{{ 'generation' }}")).hasGenerationTags).toBe(false);
  });
});

describe("string literals", () => {
  it.each([
    ["a\\nb\\t\\\\", "a\nb\t\\"],
    ["\\x41\\u00e9\\U0001F600\\101", "Aé😀A"],
    ["\\'\\\"", "'\""],
    ["\\q\\d", "\\q\\d"],
    ["line\\\ncontinued", "linecontinued"],
  ])("%j", (body, expected) => {
    expect(unescapeString(body)).toBe(expected);
  });
  it.each(["\\x4", "\\u12", "\\U00110000", "\\N{BULLET}"])("%j cannot be decoded", (body) => {
    expect(unescapeString(body)).toBeUndefined();
  });
});

describe("syntax errors name what was expected", () => {
  it.each([
    ["{% for x list %}", "expected 'in'"],
    ["{% if %}x{% endif %}", "expected an expression"],
    ["{% if a %}{% endfor %}", "unknown tag 'endfor'"],
    ["{% macro m(a=1, b) %}{% endmacro %}", "without default"],
    ["{{ f(a=1, 2) }}", "invalid syntax for a call"],
    ["{{ x is a is b }}", "cannot be chained"],
    ["{% set none = 1 %}", "cannot assign to 'none'"],
    ["{% call x %}{% endcall %}", "expected a call"],
    ["{{ 'a\\x' }}", "escape sequence"],
    ["{{ a. }}", "after '.'"],
    ["{% raw %}x", "no {% endraw %}"],
    ["{{ x]", "unexpected ']'"],
    ["{{ (x] }}", "expected ')'"],
  ])("%s", (text, message) => {
    expect(() => parseTemplate(new TemplateSource(text))).toThrow(message);
  });
});
