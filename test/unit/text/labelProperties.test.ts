import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createEncoder, IGNORE, parseRowText, Tokenizer } from "#shared/text/index.ts";
import { repositoryRoot } from "../../shared.ts";

const folder = join(repositoryRoot, "test", "oracles", "templates");
const rows = gunzipSync(readFileSync(join(folder, "conversations.jsonl.gz")))
  .toString("utf8")
  .trim()
  .split("\n")
  .slice(0, 240);
const { kinds } = JSON.parse(readFileSync(join(folder, "kinds.json"), "utf8")) as {
  readonly kinds: Readonly<Record<string, string>>;
};
const models = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
const read = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(models, name), "utf8")) as Record<string, unknown>;
const tokenizer = new Tokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
const source = (kinds["think-dropped"] ?? "").replaceAll(/\{% (end)?generation %\}\n?/g, "");
const encoder = createEncoder({ tokenizer, template: { kind: "jinja", source } });

describe(`labels of ${rows.length} generated conversations under a template without tags`, () => {
  it("stand on the assistant's tokens only, and are the tokens' own ids", () => {
    let supervised = 0;
    rows.forEach((text, row) => {
      const parsed = parseRowText(text);
      if (parsed.kind !== "conversation") throw new Error("expected a conversation");
      const { messages } = parsed.conversation;
      const { encoded } = encoder.encode(parsed, row);
      encoded.labels.forEach((label, i) => {
        if (label === IGNORE) return;
        supervised++;
        const by = encoded.messages[i] ?? -1;
        expect(label, `row ${row}, token ${i}`).toBe(encoded.ids[i]);
        expect(by < 0 ? "assistant" : messages[by]?.role, `row ${row}, token ${i}`).toBe("assistant");
      });
    });
    expect(supervised).toBeGreaterThan(1000);
  });

  it("lie within the answer: no header, no earlier turn, the end of turn last", () => {
    rows.forEach((text, row) => {
      const { encoded } = encoder.encode(parseRowText(text), row);
      const runs: string[] = [];
      encoded.labels.forEach((label, i) => {
        if (label === IGNORE) return;
        const piece = encoded.text.slice(encoded.starts[i], encoded.ends[i]);
        if (i > 0 && encoded.labels[i - 1] !== IGNORE) runs[runs.length - 1] += piece;
        else runs.push(piece);
      });
      for (const run of runs) {
        expect(run, `row ${row}`).not.toContain("<|im_start|>");
        expect(run.endsWith("<|im_end|>"), `row ${row}: ${run}`).toBe(true);
      }
    });
  });

  it("decode to the rendered text as Unicode composes it", () => {
    rows.forEach((text, row) => {
      const { encoded } = encoder.encode(parseRowText(text), row);
      // Qwen's tokenizer composes (NFC) before it cuts.
      expect(tokenizer.decode(encoded.ids), `row ${row}`).toBe(encoded.text.normalize("NFC"));
    });
  });
});
