import { describe, expect, it } from "vitest";
import { SiftError } from "#shared/errors.ts";
import { ChatTemplate } from "#shared/text/index.ts";

function outcome(source: string): string {
  try {
    return new ChatTemplate(source).render(new Map(), { limits: { maxMilliseconds: 400 } }).text.text;
  } catch (error) {
    if (error instanceof SiftError) return error.code;
    throw error;
  }
}

/** Doubles a variable sixty times by an expression over `ns.x` and `ns.y`, then asks for something. */
const doubling = (start: string, step: string, end: string): string =>
  `{% set ns = namespace(x=${start}, y=${start}) %}{% for i in range(60) %}{% set ns.x = ${step} %}` +
  `{% set ns.y = ${step.replaceAll("ns.x", "ns.y")} %}{% endfor %}{{ ${end} }}`;

describe("a hostile template is stopped before it takes the machine", () => {
  it.each([
    ["repeated text", "{{ ('é' * 10**9) | length }}"],
    ["repeated list", "{{ ([1] * 10**9) | length }}"],
    ["nothing, repeated for ever, then more", "{{ '' * 10**15 ~ ([] * 10**15) }}{{ 'x'.zfill(10**9) }}"],
    ["ljust", "{{ 'x'.ljust(10**9) | length }}"],
    ["center", "{{ 'x' | center(10**9) | length }}"],
    ["indent", "{{ 'x' | indent(10**9, true) | length }}"],
    ["indentation of JSON", "{{ [1] | tojson(indent=10**9) | length }}"],
    ["separators of JSON", "{{ ([1] * 10000) | tojson(separators=('x' * 100000, ':')) | length }}"],
    ["width of %", "{{ '%999999999d' % 1 }}"],
    ["precision of %", "{{ '%.999999999f' % 1.5 }}"],
    ["width of format", "{{ '{:999999999}'.format(1) }}"],
    ["precision of format", "{{ '{:.999999999f}'.format(1.5) }}"],
    ["joined to itself", doubling("'xx'", "ns.x ~ ns.x", "ns.x | length")],
    ["added to itself", doubling("'xx'", "ns.x + ns.x", "ns.x | length")],
    ["a list added to itself", doubling("[1]", "ns.x + ns.x", "ns.x | length")],
    ["replaced by more", doubling("'xx'", "ns.x | replace('x', 'xxx')", "ns.x | length")],
    ["joined by itself", doubling("'xx'", "range(999) | join(ns.x)", "ns.x | length")],
    ["lists in lists as JSON", doubling("[1]", "[ns.x, ns.x]", "ns.x | tojson | length")],
    ["lists in lists as text", doubling("[1]", "[ns.x, ns.x]", "ns.x | string | length")],
    ["lists in lists, compared", doubling("[1]", "[ns.x, ns.x]", "ns.x == ns.y")],
    ["tuples in tuples as a key", doubling("(1,)", "(ns.x, ns.x)", "{ns.x: 1} | length")],
    ["squares of integers", doubling("10", "ns.x * ns.x", "ns.x > 1")],
    ["powers", "{{ 2 ** (10 ** 9) }}"],
    ["slices", "{{ [1] | slice(10**9) | list | length }}"],
    ["batches", "{{ [1] | batch(10**9, 'x') | list | length }}"],
    ["split into characters", "{{ ('x' * 19000000).split('x') | length }}"],
    ["a list of characters", "{{ ('x' * 19000000) | list | length }}"],
    ["a loop over characters", "{% for c in 'x' * 19000000 %}{% endfor %}"],
    [
      "many large texts, kept",
      "{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = ns.l + ['x' * (9000000 + i)] %}{% endfor %}",
    ],
    ["lists in a loop", "{% for i in range(99999) %}{% set x = range(99999) | map('string') | list %}{% endfor %}"],
    [
      "searches in a loop",
      "{% set b = 'x' * 19000000 %}{% for i in range(99999) %}{% set x = b.count('y') %}{% endfor %}",
    ],
    ["a long search", "{{ ('a' * 19000000).find('b' ~ 'a' * 9000000) }}"],
    ["characters by index", "{% set b = '😀' * 999999 %}{% for i in range(99999) %}{% set x = b[i] %}{% endfor %}"],
    [
      "calls that double",
      "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(100) }}",
    ],
    ["brackets", `{{ ${"(".repeat(100_000)}1${")".repeat(100_000)} }}`],
    ["blocks", "{% if 1 %}".repeat(20_000) + "{% endif %}".repeat(20_000)],
    ["a chain", `{{ 1${"+1".repeat(100_000)} }}`],
  ])("%s", (_, source) => {
    expect(outcome(source)).toBe("template-limit");
  });

  it("and one that only looks so is rendered", () => {
    expect(outcome("{{ 1.5 | round(10**9) }} {{ ((' ' * 1000000) ~ 'x') | int }} {{ ('1' * 5000000) | int }}")).toBe(
      "1.5 0 0",
    );
    expect(outcome("{{ 1 ** 10**9 }} {{ ('x y ' * 300000).rsplit(' ') | length }}")).toBe("1 600001");
  });
});

describe("a template reaches nothing outside", () => {
  it.each(["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "prototype", "__class__", "caller"])(
    "%s",
    (name) => {
      for (const value of ["''", "[]", "{}", "(1,)", "range", "1", "1.5", "none", "namespace()", "range(3)", "true"]) {
        expect(outcome(`{{ (${value}).${name} }}{{ (${value})['${name}'] }}{{ ${value} | attr('${name}') }}`)).toBe("");
        expect(outcome(`{{ (${value}).${name}() }}`)).toBe("template-error");
        expect(outcome(`{{ '{0.${name}}{0[${name}]}'.format(${value}) }}`)).toMatch(/^$|^template-error$/);
      }
      expect(outcome(`{% ${name} %}`)).toBe("template-syntax");
      expect(outcome(`{{ 1 | ${name} }}`)).toBe("template-error");
      expect(outcome(`{{ 1 is ${name} }}`)).toBe("template-error");
      expect(outcome(`{{ ${name} }}{{ ${name} is defined }}`)).toBe("False");
      expect(outcome(`{{ {'a': 1}.get('${name}') }}{{ '${name}' in {} }}`)).toBe("NoneFalse");
    },
  );

  it("nor what is not there: process, globalThis, require, self", () => {
    for (const name of ["process", "globalThis", "require", "self", "import", "module", "window"])
      expect(outcome(`{{ ${name} is defined }}`)).toBe("False");
  });
});
