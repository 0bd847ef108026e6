import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadTokenizer } from "#main/core/models/tokenizer.ts";
import { withDecodedText } from "#shared/preview/decoded.ts";
import { encodePretokenized } from "#shared/text/index.ts";
import { repositoryRoot } from "../shared.ts";

const folder = (name: string): string => join(repositoryRoot, "node_modules", "@lenml", name, "models");

describe("text of a row of bare ids", () => {
  const { tokenizer } = loadTokenizer(folder("tokenizer-qwen2_5"));
  const decoded = (text: string) => {
    const inputIds = tokenizer.encode(text).ids;
    return withDecodedText(encodePretokenized({ inputIds, labels: inputIds }).encoded, tokenizer);
  };

  test.each([
    "<|im_start|>user\n第1题：1 + 0 等于几？<|im_end|>\n",
    "a 👩‍👩‍👧 b 𠮷𠮷\u0301 naïve\t\n  x",
    "  two spaces, then 🤖🤖",
  ])("is the text, token by token: %j", (text) => {
    const row = decoded(text);
    expect(row.text).toBe(text);
    let shown = 0;
    row.ids.forEach((_, i) => {
      expect(row.starts[i]).toBeLessThanOrEqual(shown);
      expect(row.ends[i]).toBeGreaterThanOrEqual(shown);
      shown = Math.max(shown, row.ends[i] ?? 0);
    });
    expect(shown).toBe(text.length);
  });

  test("of bytes that are no character is not lost", () => {
    const robot = tokenizer.encode("🤖").ids;
    const ids = [...robot.slice(0, 1), ...tokenizer.encode("<|im_end|>ok").ids];
    const row = withDecodedText(encodePretokenized({ inputIds: ids, labels: ids }).encoded, tokenizer);
    expect(row.text).toContain("<|im_end|>ok");
  });
});
