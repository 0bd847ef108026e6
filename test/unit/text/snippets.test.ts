import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { SiftError } from "#shared/errors.ts";
import { ChatTemplate, parseJson } from "#shared/text/index.ts";
import { toValue } from "#shared/text/jinja/convert.ts";
import type { Value } from "#shared/text/jinja/values.ts";
import { repositoryRoot } from "../../shared.ts";

/** Random snippets with what Python's jinja2 made of them, written by `test/oracles/snippets/make.py`. */
interface Snippet {
  readonly source: string;
  readonly text?: string;
  readonly error?: string;
}

const file = join(repositoryRoot, "test", "oracles", "snippets", "snippets.jsonl.gz");
const lines = gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");
const { context } = JSON.parse(lines[0] ?? "") as { context: string };
const snippets = lines.slice(1).map((line) => JSON.parse(line) as Snippet);

function variables(): Map<string, Value> {
  const json = parseJson(context) as Record<string, unknown>;
  return new Map(Object.entries(json).map(([name, value]) => [name, toValue(value)]));
}

/** What we have on purpose not: each is refused by name. */
const UNSUPPORTED = new RegExp(
  [
    "the filter '(filesizeformat|forceescape|pprint|striptags|urlize|wordwrap|xmlattr)'",
    "str\\.(encode|expandtabs|isidentifier|isprintable|istitle)\\(\\)",
    "writing out a",
    "'safe'",
    "'#' in a",
    "'%c' in a",
    "a format specifier for a boolean",
    "a precision without a type",
    "urlencode of something other than a string",
    "'in loop'",
  ].join("|"),
);

function outcome(source: string): { text?: string; error?: SiftError } {
  try {
    return { text: new ChatTemplate(source).render(variables()).text.text };
  } catch (error) {
    if (error instanceof SiftError) return { error };
    throw error;
  }
}

it(`renders ${snippets.length} random snippets as Python does, fails where it fails, and names what it does not have`, () => {
  const wrong: string[] = [];
  let rendered = 0;
  for (const { source, text } of snippets) {
    const ours = outcome(source);
    if (ours.error?.code === "template-unsupported") {
      expect(ours.error.message).toMatch(UNSUPPORTED);
      expect(ours.error.where?.line).toBeGreaterThan(0);
    } else if (ours.text !== text) {
      wrong.push(`${source}\n  expected ${text ?? "an error"}\n  got ${ours.text ?? ours.error?.message}`);
    } else if (text !== undefined) {
      rendered++;
    }
  }
  expect(wrong).toEqual([]);
  expect(rendered).toBeGreaterThan(2500);
});
