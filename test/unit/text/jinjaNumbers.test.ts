import { describe, expect, it } from "vitest";
import { SiftError } from "#shared/errors.ts";
import { ChatTemplate } from "#shared/text/index.ts";
import { Str } from "#shared/text/jinja/authored.ts";
import { PyFloat, type Value } from "#shared/text/jinja/values.ts";
import { readOracle } from "./reference.ts";

function render(source: string, x: Value): string {
  return new ChatTemplate(source).render(new Map([["x", x]])).text.text;
}

interface NumberCase {
  readonly value: string;
  readonly text: string;
  readonly json: string;
  readonly fixed: string;
  readonly exponent: string;
  readonly braces: string;
  readonly rounded: string;
}

const TEMPLATES: Readonly<Record<Exclude<keyof NumberCase, "value">, string>> = {
  text: "{{ x }}",
  json: "{{ [x] | tojson }}",
  fixed: "{{ '%.2f|%.0f|%8.3f|%+.1f|%08.2f' % (x, x, x, x, x) }}",
  exponent: "{{ '%e|%.3e|%g|%.3g' % (x, x, x, x) }}",
  braces: "{{ '{:.2f}|{:,.1f}|{:e}|{:g}|{:.1%}|{:>12.2f}'.format(x, x, x, x, x, x) }}",
  rounded: "{{ x | round }}|{{ x | round(2) }}|{{ x | int }}|{{ x | abs }}|{{ -x }}|{{ x // 3 }}|{{ x % 3 }}",
};

describe("floats print and round as in Python", () => {
  const cases = readOracle<NumberCase[]>("numbers.json");
  it.each(Object.entries(TEMPLATES))("%s", (name, source) => {
    for (const expected of cases) {
      const value = new PyFloat(Number(expected.value));
      expect(render(source, value), expected.value).toBe(expected[name as keyof NumberCase]);
    }
  });
});

describe("random expressions give what Python gives", () => {
  const cases = readOracle<{ source: string; x: string; text?: string; error?: string }[]>("expressions.json");
  it("in text or in failing", () => {
    let failed = 0;
    for (const { source, x, text } of cases) {
      const label = `${source} of ${JSON.stringify(x)}`;
      const run = (): string => render(source, Str.by(x, 1));
      if (text === undefined) {
        failed++;
        expect(run, label).toThrow(SiftError);
      } else {
        expect(run(), label).toBe(text);
      }
    }
    expect(failed).toBeGreaterThan(100);
    expect(failed).toBeLessThan(cases.length / 2);
  });
});
