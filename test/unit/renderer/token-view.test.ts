import { describe, expect, it } from "vitest";
import type { TokenView } from "#shared/contract/text.ts";
import { diffTokens } from "#shared/text/diff/tokens.ts";
import { IGNORE } from "#shared/text/types.ts";
import { blockOf, tokenBlocks } from "#renderer/components/tokens/blocks.ts";
import { ContentMap } from "#renderer/components/tokens/content-map.ts";
import { diffMarks, nextStop } from "#renderer/components/tokens/diff-marks.ts";
import { drawTokens, visibleText } from "#renderer/components/tokens/view.ts";
import { contentRuns } from "#renderer/views/template/content-runs.ts";
import {
  lineNumbers,
  mergedTokens,
  piecesOf,
  renderedBlocks,
  renderedRuns,
  tokensIn,
} from "#renderer/views/template/rendered-lines.ts";

/** A view of words, each a token, with the message that wrote it. */
function viewOf(parts: readonly (readonly [text: string, message: number, trained?: boolean])[]): TokenView {
  const text = parts.map(([part]) => part).join("");
  let at = 0;
  const starts = parts.map(([part]) => (at += part.length) - part.length);
  return {
    text,
    ids: parts.map((_, i) => i),
    pieces: parts.map(([part]) => part),
    labels: parts.map(([, , trained], i) => (trained ? i : IGNORE)),
    weights: parts.map(([, , trained]) => (trained ? 1 : 0)),
    starts,
    ends: parts.map(([part], i) => (starts[i] ?? 0) + part.length),
    reasons: parts.map(([, , trained]) => (trained ? 2 : 0)),
    messages: parts.map(([, message]) => message),
    origins: parts.map(([part, message], i) => ({
      start: starts[i] ?? 0,
      end: (starts[i] ?? 0) + part.length,
      message,
      field: message < 0 ? "template" : part === "user" || part === "assistant" ? "role" : "content",
      templateFrom: -1,
      templateTo: -1,
      line: 0,
    })),
    supervised: parts.filter(([, , trained]) => trained).length,
    truncatedTokens: 0,
    special: [0],
    notices: [],
  };
}
const view = viewOf([
  ["<s>", -1],
  ["user", 0],
  ["\n", -1],
  ["Hello", 0],
  [" there", 0],
  ["\n", -1],
  ["assistant", 1],
  ["\n", -1],
  ["Fine", 1, true],
  [".", 1, true],
]);
const row = {
  kind: "conversation" as const,
  conversation: {
    messages: [
      { role: "user", content: "  Hello there " },
      { role: "assistant", content: "<think>hm, what</think>Fine." },
    ],
  },
};

describe("blocks of tokens", () => {
  it("hold every token once, end at line ends, and are found again", () => {
    const tokens = Array.from({ length: 5000 }, (_, i) => ({ breaks: i % 7 === 0 && i < 2000 }));
    const blocks = tokenBlocks(tokens);
    expect(blocks[0]?.from).toBe(0);
    expect(blocks.at(-1)?.to).toBe(5000);
    blocks.slice(1).forEach((block, i) => expect(block.from).toBe(blocks[i]?.to));
    expect(Math.max(...blocks.map(({ from, to }) => to - from))).toBeLessThanOrEqual(320);
    for (const token of [0, 999, 2500, 4999]) {
      const block = blocks[blockOf(blocks, token)];
      expect(block && block.from <= token && token < block.to).toBe(true);
    }
    expect(blockOf(blocks, 5000)).toBe(-1);
    expect(tokenBlocks([])).toEqual([]);
  });
});

describe("contents in the rendered text", () => {
  const map = new ContentMap(row, view);
  it("are found where the template trims, and where it leaves a part out", () => {
    const hello = view.text.indexOf("Hello");
    expect(map.contentOf(hello, hello + 5)).toEqual([{ message: 0, start: 2, end: 7 }]);
    const fine = view.text.indexOf("Fine");
    expect(map.contentOf(fine, fine + 5)).toEqual([{ message: 1, start: 23, end: 28 }]);
    expect(map.renderedOf({ message: 1, start: 0, end: 28 })).toEqual({ from: fine, to: fine + 5 });
    expect(map.renderedOf({ message: 1, start: 0, end: 10 })).toBeUndefined();
  });
  it("say why there are none", () => {
    expect(map.contentOf(0, 3)).toBe("template");
    expect(map.contentOf(view.text.indexOf("user"), view.text.indexOf("user") + 4)).toBe("field");
    expect(new ContentMap({ kind: "text", text: view.text }, view).contentOf(0, 3)).toBe("row");
  });
  it("of two messages are two", () => {
    const both = map.contentOf(view.text.indexOf("there"), view.text.length);
    expect(Array.isArray(both) && both.map(({ message }) => message)).toEqual([0, 1]);
  });
});

describe("rendered text", () => {
  const tokens = drawTokens(view);
  it("is cut into runs and lines without losing a character", () => {
    const runs = renderedRuns(tokens, view, { pieces: piecesOf(view), lineOf: undefined });
    expect(runs.map(({ from, to }) => view.text.slice(from, to)).join("")).toBe(view.text);
    const blocks = renderedBlocks(runs, view.text);
    expect(blocks.flatMap((block) => block.runs.map(({ from, to }) => view.text.slice(from, to))).join("")).toBe(
      view.text,
    );
    expect(blocks.map(({ opens }) => opens)).toEqual([0, -1, 1, -1]);
    expect(runs.find(({ message }) => message === 1 && true)?.state).toBe("idle");
  });
  it("names lines of the template by offset", () => {
    const lineOf = lineNumbers("ab\n\ncd");
    expect([0, 2, 3, 4, 6].map(lineOf)).toEqual([1, 1, 2, 3, 3]);
  });
  it("finds tokens in ranges and tokens with two writers", () => {
    expect([...tokensIn(view, [{ from: 0, to: 4 }])]).toEqual([0, 1]);
    const pieces = [
      { from: 0, to: 10, message: 0 },
      { from: 10, to: view.text.length },
    ];
    expect([...mergedTokens(view, pieces)]).toEqual([3]);
  });
});

describe("a text with paint and a selection", () => {
  it("is cut where either begins or ends", () => {
    const runs = contentRuns("abcdef", {
      spans: [{ start: 1, end: 4, weight: 0.5 }],
      marked: [{ start: 3, end: 6 }],
      picked: [],
    });
    expect(runs.map(({ start, end, weight, marked }) => [start, end, weight, marked])).toEqual([
      [0, 1, 1, false],
      [1, 3, 0.5, false],
      [3, 4, 0.5, true],
      [4, 6, 1, true],
    ]);
  });
});

describe("a comparison on tokens", () => {
  it("marks what came, keeps what went, and leads from change to change", () => {
    const before = viewOf([
      ["<s>", -1],
      ["A", 0],
      ["B", 0, true],
    ]);
    const after = { ...before, ids: [0, 9, 2], labels: [IGNORE, IGNORE, IGNORE] };
    const marks = diffMarks(diffTokens(before, after), drawTokens(before));
    expect([...marks.changes]).toEqual([
      [1, "inserted"],
      [2, "label"],
    ]);
    expect(marks.removed.get(1)?.map(({ text }) => text)).toEqual(["A"]);
    expect(marks.stops).toEqual([1, 2]);
    expect([nextStop(marks.stops, -1, 1), nextStop(marks.stops, 2, 1), nextStop(marks.stops, 1, -1)]).toEqual([
      1, 1, 2,
    ]);
    expect(nextStop([], 0, 1)).toBeUndefined();
  });
});

describe("what a token shows", () => {
  it("makes spaces visible on demand and knows the tokenizer's own tokens", () => {
    const [start, , , , there] = drawTokens(view);
    expect(start?.special).toBe(true);
    expect(there && visibleText(there)).toBe(" there");
    expect(there && visibleText(there, { spaces: true })).toBe("␣there");
  });
});
