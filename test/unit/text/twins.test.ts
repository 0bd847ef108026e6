import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createEncoder, createRowReader, IGNORE, parseRowText, type ParsedRow } from "#shared/text/index.ts";
import { sharedPath } from "../../shared.ts";
import { qwenTokenizer } from "./reference.ts";

const templates = sharedPath("templates");
const datasets = sharedPath("datasets");

/** Conversations of a file; rows that are none, or cannot be read, are another test's. */
function conversations(file: string): ParsedRow[] {
  const reader = createRowReader();
  const events = [...reader.push(readFileSync(file, "utf8")), ...reader.end()];
  return events.flatMap((event) => {
    try {
      const row = event.kind === "row" ? parseRowText(event.text) : undefined;
      return row?.kind === "conversation" ? [row] : [];
    } catch {
      return [];
    }
  });
}

const encoderOf = (name: string) =>
  createEncoder({
    tokenizer: qwenTokenizer(),
    template: { kind: "jinja", source: readFileSync(join(templates ?? "", `${name}.jinja`), "utf8") },
  });

describe.skipIf(!templates || !datasets)("a template without tags and its tagged twin (needs ../shared)", () => {
  const files = datasets === undefined ? [] : readdirSync(datasets);
  it.each(files)(
    "find the same answers in %s",
    (file) => {
      const rows = conversations(join(datasets ?? "", file));
      for (const family of ["qwen2_5", "qwen3"]) {
        const [plain, tagged] = [encoderOf(family), encoderOf(`${family}_training`)];
        rows.forEach((row, i) => {
          let ours, theirs;
          try {
            theirs = tagged.encode(row, i).encoded;
            ours = plain.encode(row, i).encoded;
          } catch {
            return;
          }
          // qwen3_training writes an empty <think> into earlier turns, where qwen3 writes none: another text, other answers.
          if (ours.text !== theirs.text) return;
          // These tags take in the line ends around an answer as well, which its role's line and its end mark bring.
          const text = (encoded: typeof ours): string[] =>
            [...encoded.labels]
              .map((label, at) => (label === IGNORE ? "" : encoded.text.slice(encoded.starts[at], encoded.ends[at])))
              .join("")
              .split("<|im_end|>")
              .map((answer) => answer.trim());
          expect(text(ours), `${family}, row ${i}`).toEqual(text(theirs));
        });
      }
    },
    120_000,
  );
});

describe.skipIf(!templates || !datasets)("templates that people have (needs ../shared)", () => {
  const sources = templates === undefined ? [] : readdirSync(templates).map((file) => file.replace(/\.jinja$/, ""));
  it.each(sources)(
    "%s: every character of an answer is traced, or the row says why not",
    (name) => {
      const encoder = encoderOf(name);
      const silent: string[] = [];
      for (const file of readdirSync(datasets ?? "")) {
        const rows = conversations(join(datasets ?? "", file)).slice(0, 80);
        rows.forEach((row, i) => {
          try {
            const { facts } = encoder.encode(row, i);
            for (const loss of facts.losses ?? []) silent.push(`${file} ${i} ${JSON.stringify(loss)}`);
          } catch {
            // a template may refuse a row
          }
        });
      }
      expect(silent).toEqual([]);
    },
    120_000,
  );
});
