import { describe, expect, it } from "vitest";
import { SiftError } from "#shared/errors.ts";
import { toValue } from "#shared/text/jinja/convert.ts";
import { type Value } from "#shared/text/jinja/values.ts";
import { ChatTemplate, parseJson } from "#shared/text/index.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../shared.ts";
import { readOracle } from "./reference.ts";

interface Snippet {
  readonly source: string;
  readonly text?: string;
  readonly error?: string;
}

function contextValues(): Map<string, Value> {
  const text = readFileSync(join(repositoryRoot, "test", "oracles", "text", "context.json"), "utf8");
  return new Map(
    Object.entries(parseJson(text) as Record<string, unknown>).map(([name, value]) => [name, toValue(value)]),
  );
}

function render(
  source: string,
  variables: Record<string, unknown> = {},
  options: Parameters<ChatTemplate["render"]>[1] = {},
): string {
  const values = new Map(Object.entries(variables).map(([name, value]) => [name, toValue(value)]));
  return new ChatTemplate(source).render(values, options).text.text;
}

function failure(source: string, options: Parameters<ChatTemplate["render"]>[1] = {}): SiftError {
  try {
    render(source, {}, options);
  } catch (error) {
    if (error instanceof SiftError) return error;
    throw error;
  }
  throw new Error(`${source} did not fail`);
}

describe("templates render as Python's jinja2 does in apply_chat_template", () => {
  const snippets = readOracle<Snippet[]>("jinja.json");
  it("has snippets of both outcomes", () => {
    expect(snippets.filter((snippet) => snippet.error).length).toBeGreaterThan(30);
    expect(snippets.filter((snippet) => snippet.text !== undefined).length).toBeGreaterThan(100);
  });
  it.each(snippets.map((snippet) => [snippet.source, snippet] as const))("%j", (source, { text }) => {
    const run = (): string => new ChatTemplate(source).render(contextValues()).text.text;
    if (text === undefined) expect(run).toThrow(SiftError);
    else expect(run()).toBe(text);
  });
});

describe("errors of a template say where", () => {
  it.each([
    ["a\n{{ 1 + }}", "template-syntax", 2, 8],
    ["{% if x %}\n\n never closed", "template-syntax", 1, 4],
    ["{% for x in [1] %}{{ x }}", "template-syntax", 1, 4],
    ["line\n  {{ 'a' | nofilter }}", "template-error", 2, 12],
    ["{{ messages[0].content }}", "template-error", 1, 12],
    ["\n\n{% include 'other' %}", "template-unsupported", 3, 4],
    ["{{ 'a'.encode() }}", "template-unsupported", 1, 7],
    ["{{ x", "template-syntax", 1, 1],
    ["{# never closed", "template-syntax", 1, 1],
    ["{{ 'a' $ }}", "template-syntax", 1, 8],
    ["{{ ] }}", "template-syntax", 1, 4],
    ["{% set x = 1 %}\n{{ raise_exception('no') }}", "template-raised", 2, 19],
  ])("%j", (source, code, line, column) => {
    const error = failure(source);
    expect(error.code).toBe(code);
    expect(error.where).toMatchObject({ line, column });
  });

  it("names the unsupported feature", () => {
    expect(failure("{{ 5 | filesizeformat }}").message).toContain("the filter 'filesizeformat'");
    expect(failure("{{ ('<b>' | safe) + 'x' }}").message).toContain("'safe'");
  });
});

describe("a template cannot run away", () => {
  it("stops loops inside loops", () => {
    const loops = "{% for a in range(99999) %}".repeat(4) + "{% endfor %}".repeat(4);
    expect(failure(loops, { limits: { maxSteps: 100_000 } }).message).toContain("more than 100000 steps");
  });
  it("stops by the clock", () => {
    let time = 0;
    const error = failure("{% for a in range(99999) %}{{ a }}{% endfor %}", {
      now: () => (time += 1000),
      limits: { maxMilliseconds: 3000 },
    });
    expect(error.code).toBe("template-limit");
    expect(error.message).toContain("more than 3 s");
  });
  it("stops endless output", () => {
    expect(
      failure("{% for a in range(999) %}{{ 'x' * 9999 }}{% endfor %}", { limits: { maxCharacters: 10_000 } }).code,
    ).toBe("template-limit");
  });
  it("stops macros that call themselves", () => {
    expect(failure("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").code).toBe("template-limit");
  });
  it("refuses huge repetitions and powers", () => {
    expect(failure("{{ 'abc' * 99999999999 }}").code).toBe("template-limit");
    expect(failure("{{ 2 ** (10 ** 9) }}").code).toBe("template-limit");
  });
  it("stops deeply nested data", () => {
    let nested: unknown = [];
    for (let i = 0; i < 2000; i++) nested = [nested];
    expect(() => render("{{ x }}", { x: nested })).toThrow(SiftError);
  });
});

it("strftime_now uses the clock that is passed in", () => {
  const now = (): number => new Date(2024, 6, 4, 15, 5, 9).getTime();
  expect(render("{{ strftime_now('%d %b %Y %H:%M:%S %A %-d %j %p') }}", {}, { now })).toBe(
    "04 Jul 2024 15:05:09 Thursday 4 186 PM",
  );
});
