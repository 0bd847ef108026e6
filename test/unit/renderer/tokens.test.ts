import { describe, expect, it } from "vitest";
import type { TokenView } from "#shared/contract/text.ts";
import { IGNORE } from "#shared/text/types.ts";
import { drawTokens, trainedShare, visibleText } from "#renderer/components/tokens/view.ts";

interface Part {
  readonly text: string;
  readonly weight?: number;
  readonly message?: number;
  /** Covers the same characters as the part before it. */
  readonly again?: boolean;
}

function viewOf(parts: readonly Part[]): TokenView {
  const view: TokenView = {
    text: "",
    ids: [],
    pieces: [],
    labels: [],
    weights: [],
    starts: [],
    ends: [],
    reasons: [],
    messages: [],
    origins: [],
    supervised: 0,
    truncatedTokens: 0,
    notices: [],
  };
  for (const { text, weight = 0, message = -1, again = false } of parts) {
    const start = again ? view.text.length - text.length : view.text.length;
    if (!again) view.text += text;
    view.ids.push(view.ids.length);
    view.pieces.push(text);
    view.labels.push(weight > 0 ? view.ids.length - 1 : IGNORE);
    view.weights.push(weight);
    view.starts.push(start);
    view.ends.push(start + text.length);
    view.reasons.push(weight > 0 ? 2 : 0);
    view.messages.push(message);
    view.supervised += weight > 0 ? 1 : 0;
  }
  return view;
}

const sample = viewOf([
  { text: "<s>" },
  { text: "Hi\n", message: 0 },
  { text: "好", weight: 1, message: 1 },
  { text: "好", weight: 1, message: 1, again: true },
  { text: "!", weight: 0.5, message: 1 },
  { text: "</s>", weight: 1, message: 1 },
]);

describe("drawTokens", () => {
  const drawn = drawTokens(sample);

  it("shows every character once, and gives back the rendered text", () => {
    expect(drawn.map((token) => token.text).join("")).toBe(sample.text);
    expect(drawn[3]).toMatchObject({ text: "", continues: true });
    expect(drawn.map((token) => visibleText(token))).toEqual(["<s>", "Hi↵", "好", "·", "!", "</s>"]);
  });

  it("tells trained, partly trained and not trained apart", () => {
    expect(drawn.map((token) => token.state)).toEqual(["idle", "idle", "trained", "trained", "partly", "trained"]);
    expect(drawn[1]?.breaks).toBe(true);
  });

  it("stops at the limit", () => {
    expect(drawTokens(sample, 2)).toHaveLength(2);
  });

  it("counts the trained share of all tokens", () => {
    expect(trainedShare(sample)).toBeCloseTo(4 / 6, 12);
    expect(trainedShare(viewOf([]))).toBe(0);
  });
});
