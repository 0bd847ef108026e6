import { describe, expect, it } from "vitest";
import { SiftError } from "#shared/errors.ts";
import { Str } from "#shared/text/jinja/authored.ts";
import { toValue } from "#shared/text/jinja/convert.ts";
import type { Value } from "#shared/text/jinja/values.ts";
import { ChatTemplate, type Conversation } from "#shared/text/index.ts";
import { renderConversation, segmentsOf } from "#shared/text/render.ts";
import { readOracle } from "./reference.ts";

/** The text with what message 0 wrote in braces. */
function marked(template: string, content: string): string {
  const author = 7;
  const variables = new Map<string, Value>([
    ["x", Str.by(content, author)],
    ["o", toValue({ key: content, list: [1, content] }, author)],
  ]);
  const { text } = new ChatTemplate(template).render(variables).text;
  const result = new ChatTemplate(template).render(variables).text;
  let out = "";
  let inside = false;
  for (let i = 0; i < text.length; i++) {
    const now = result.authorAt(i) === author;
    if (now !== inside) out += now ? "⟦" : "⟧";
    inside = now;
    out += text[i] ?? "";
  }
  return inside ? `${out}⟧` : out;
}

describe("strings know who wrote each character", () => {
  it.each([
    ["a{{ x }}b", "mid", "a⟦mid⟧b"],
    ["{{ 'pre ' + x + ' post' }}", "mid", "pre ⟦mid⟧ post"],
    ["{{ 'n: ' ~ x ~ 1 }}", "mid", "n: ⟦mid⟧1"],
    ["{{ x | trim }}|{{ x.strip() }}", "  mid ", "⟦mid⟧|⟦mid⟧"],
    ["{{ ('  ' + x + 'zz').rstrip('z') }}", "mid", "  ⟦mid⟧"],
    ["{{ x.split(',')[1] }}", "a,b", "⟦b⟧"],
    ["{{ x.split(',') | join('+') }}", "a,b", "⟦a⟧+⟦b⟧"],
    ["{{ '-'.join(['t', x]) }}", "mid", "t-⟦mid⟧"],
    ["{{ x.replace('i', 'II') }}", "mid", "⟦m⟧II⟦d⟧"],
    ["{{ 'say X!' | replace('X', x) }}", "mid", "say ⟦mid⟧!"],
    ["{{ (x + '…')[1:5] }}", "mid", "⟦id⟧…"],
    ["{{ ('a' + x)[::-1] }}", "mid", "⟦dim⟧a"],
    ["{{ x[-1] }}{{ x | first }}", "a😀", "⟦😀a⟧"],
    ["{{ x | tojson }}", 'q"\n', '⟦"q\\"\\n"⟧'],
    ["{{ o | tojson }}", "v", '⟦{"key": "v", "list": [1, "v"]}⟧'],
    ["{{ {'k': x} | tojson }}", "v", '{"k": ⟦"v"⟧}'],
    ["{{ o }}", "v", "{'⟦key⟧': '⟦v⟧', '⟦list⟧': [1, '⟦v⟧']}"],
    ["{{ 'it is %s.' % x }}{{ '[{}]'.format(x) }}", "v", "it is ⟦v⟧.[⟦v⟧]"],
    ["{{ x | indent(2) }}", "a\nb", "⟦a⟧\n  ⟦b⟧"],
    ["{{ x | upper }}", "mid", "MID"],
    ["{{ x | length }}", "mid", "3"],
    ["{% set y = x %}{% macro m(v) %}<{{ v }}>{% endmacro %}{{ m(y) }}", "mid", "<⟦mid⟧>"],
    ["{% set y %}({{ x }}){% endset %}{{ y }}", "mid", "(⟦mid⟧)"],
    ["{% filter trim %} {{ x }} {% endfilter %}", "mid", "⟦mid⟧"],
    ["{{ x if true else 'no' }}{{ missing or x }}{{ x | default('d') }}", "m", "⟦mmm⟧"],
    ["{% for c in x %}{{ c }},{% endfor %}", "ab", "⟦a⟧,⟦b⟧,"],
    ["{{ x.partition('=')[2] }}", "k=v", "⟦v⟧"],
    ["{{ x.removeprefix('k') }}{{ x.splitlines()[0] }}", "k\nv", "⟦\nvk⟧"],
  ])("%s of %j", (template, content, expected) => {
    expect(marked(template, content)).toBe(expected);
  });
});

/** Small deterministic generator (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const PIECES = [
  "",
  " ",
  "\n",
  "a",
  "Bc",
  "你好",
  "😀",
  "</think>",
  "<think>",
  "\t",
  "x,y",
  "  z  ",
  "é",
  "<|im_end|>",
  '"q"',
  "\u3000",
];
const STEPS = [
  ".strip()", ".lstrip('\\n ')", ".rstrip('a')", " | trim", ".split('</think>')[-1]", ".split(',')[0]", "[1:]", "[:-1]", "[::-1]",
  ".replace('a', 'XY')", " + '!'", " | upper", ".split() | join('-')", " | tojson", " ~ 'e'", ".splitlines() | join('/')",
  " | indent(3)", ".title()", " | replace('z', '')", " | first", "[0:3]", " | string", ".partition(',')[2]", " | truncate(9, true)",
]; // prettier-ignore

describe("tracking does not change the text", () => {
  it("over 1,500 random expressions and contents", () => {
    const next = random(20240704);
    const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(next() * items.length)] as Item;
    for (let i = 0; i < 1500; i++) {
      const content = Array.from({ length: 1 + Math.floor(next() * 5) }, () => pick(PIECES)).join("");
      const source = `[{{ (${Array.from({ length: 1 + Math.floor(next() * 4) }).reduce<string>((e) => `(${e}${pick(STEPS)})`, "x")}) }}]{{ x }}`;
      const run = (author: number): string => {
        try {
          return new ChatTemplate(source).render(new Map<string, Value>([["x", Str.by(content, author)]])).text.text;
        } catch (error) {
          if (error instanceof SiftError) return `error ${error.message}`;
          throw error;
        }
      };
      expect(run(3), `${source} of ${JSON.stringify(content)}`).toBe(run(0));
    }
  });

  it("over our conversations and templates", () => {
    const conversations = readOracle<Conversation[]>("conversations.json");
    for (const { source } of readOracle<{ source: string }[]>("templates.json")) {
      const template = new ChatTemplate(source);
      for (const conversation of conversations) {
        const attempt = (run: () => string): string => {
          try {
            return run();
          } catch (error) {
            return error instanceof SiftError ? error.message : "crash";
          }
        };
        const run = (tracking: boolean): string =>
          attempt(() => renderConversation(conversation, { template, specialTokens: {} }, { tracking }).text.text);
        expect(run(true)).toBe(run(false));
      }
    }
  });
});

it("segments name the message behind each stretch", () => {
  const template = new ChatTemplate("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}");
  const conversation: Conversation = {
    messages: [
      { role: "user", content: "q" },
      { role: "assistant", content: "a" },
    ],
  };
  const rendered = renderConversation(conversation, { template, specialTokens: {} });
  const parts = segmentsOf(rendered).map((s) => [rendered.text.text.slice(s.start, s.end), s.message, s.isRole]);
  expect(parts).toEqual([
    ["<", -1, false], ["user", 0, true], [">", -1, false], ["q", 0, false],
    ["<", -1, false], ["assistant", 1, true], [">", -1, false], ["a", 1, false],
  ]); // prettier-ignore
});
