import { describe, expect, test } from "vitest";
import type { Piece } from "#renderer/views/template/pieces.ts";
import { SyncedSelection } from "#renderer/views/template/selection.svelte.ts";

/** `A{{ m.content }}B` over two messages: text "AxxBAyyB", template 0..1, 1..16, 16..17. */
const PIECES: readonly Piece[] = [
  { from: 0, to: 1, source: { from: 0, to: 1 } },
  { from: 1, to: 3, source: { from: 1, to: 16 }, message: 0 },
  { from: 3, to: 4, source: { from: 16, to: 17 } },
  { from: 4, to: 5, source: { from: 0, to: 1 } },
  { from: 5, to: 7, source: { from: 1, to: 16 }, message: 1 },
  { from: 7, to: 8, source: { from: 16, to: 17 } },
];

function selectionOver(pieces: readonly Piece[]): SyncedSelection {
  const selection = new SyncedSelection();
  selection.pieces = pieces;
  return selection;
}

describe("one selection for template, text and conversation", () => {
  test("a place in the template selects everything that it wrote", () => {
    const selection = selectionOver(PIECES);
    selection.pick("editor", { source: { from: 5, to: 5 } });
    expect(selection.origin).toBe("editor");
    expect(selection.texts).toEqual([
      { from: 1, to: 3 },
      { from: 5, to: 7 },
    ]);
    expect(selection.messages).toEqual([0, 1]);
    expect(selection.sources).toEqual([{ from: 5, to: 5 }]);
  });

  test("a place in the text selects what wrote it", () => {
    const selection = selectionOver(PIECES);
    selection.pick("rendered", { text: { from: 6, to: 8 } });
    expect(selection.sources).toEqual([{ from: 1, to: 17 }]);
    expect(selection.message).toBe(1);
    selection.pick("tokens", { text: { from: 4, to: 4 } });
    expect(selection.sources).toEqual([{ from: 0, to: 1 }]);
    expect(selection.messages).toEqual([]);
  });

  test("a message selects its text; clearing forgets all", () => {
    const selection = selectionOver(PIECES);
    selection.pick("conversation", { message: 1 });
    expect(selection.text).toEqual({ from: 5, to: 7 });
    expect(selection.source).toEqual({ from: 1, to: 16 });
    selection.clear();
    expect([selection.texts, selection.sources, selection.messages]).toEqual([[], [], []]);
    expect(selection.origin).toBeUndefined();
  });

  test("without pieces a pane still has its own place", () => {
    const selection = selectionOver([]);
    selection.pick("editor", { source: { from: 2, to: 4 } });
    expect(selection.source).toEqual({ from: 2, to: 4 });
    expect(selection.text).toBeUndefined();
  });
});
