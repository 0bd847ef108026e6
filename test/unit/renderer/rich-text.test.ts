import { describe, expect, it } from "vitest";
import { parseBlocks, parseInline, type Block } from "#renderer/components/conversation/rich-text.ts";

const words = (block: Block): string => {
  if (block.kind === "code") return block.text;
  const lines = block.kind === "list" ? block.items : [block.inlines];
  return lines.map((line) => line.map((part) => part.text).join("")).join("\n");
};

describe("parseBlocks", () => {
  it("reads an answer as chat models write it", () => {
    const text = "# 标题\n第一段\n第二行\n\n1. 甲\n2. **乙**\n- c\n\n```ts\nconst a = 1;\n\n- b\n```\n尾";
    const blocks = parseBlocks(text);
    expect(blocks.map((block) => block.kind)).toEqual(["heading", "paragraph", "list", "list", "code", "paragraph"]);
    expect(blocks.map(words)).toEqual(["标题", "第一段\n第二行", "甲\n乙", "c", "const a = 1;\n\n- b", "尾"]);
  });

  it("keeps the rest of the text in a fence that never closes", () => {
    expect(parseBlocks("```\na\nb").map(words)).toEqual(["a\nb"]);
  });

  it("leaves text without marks as one paragraph, line ends kept", () => {
    expect(parseBlocks("a < b\r\nc & d")).toEqual([
      { kind: "paragraph", inlines: [{ kind: "text", text: "a < b\nc & d" }] },
    ]);
  });

  it("takes time that grows with the text, not with its square", () => {
    const long = "*".repeat(50_000) + "`".repeat(50_000);
    const started = performance.now();
    parseBlocks(long);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("parseInline", () => {
  it("finds code before bold and leaves lone marks", () => {
    expect(parseInline("a `**b**` **c** * d `")).toEqual([
      { kind: "text", text: "a " },
      { kind: "code", text: "**b**" },
      { kind: "text", text: " " },
      { kind: "bold", text: "c" },
      { kind: "text", text: " * d `" },
    ]);
  });
});
