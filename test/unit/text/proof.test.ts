import { describe, expect, it } from "vitest";
import {
  batchUnits,
  compareTemplates,
  createEncoder,
  type EncoderOptions,
  type FindingClass,
  IGNORE,
  inspectRow,
  layOut,
  packRows,
  type ParsedRow,
  ProofAccumulator,
  type ProofReport,
} from "#shared/text/index.ts";
import { CHATML, conversation, qwenTokenizer, turns } from "./reference.ts";

function classesOf(row: ParsedRow, options: Partial<EncoderOptions> = {}, audit = false): FindingClass[] {
  const tokenizer = qwenTokenizer();
  const encoder = createEncoder({
    tokenizer,
    template: { kind: "jinja", source: CHATML },
    overLength: "truncate",
    ...options,
  });
  const { encoded, facts } = encoder.encode(row, 0);
  const prefixDiffers = encoder.prefixDiffers(row, encoded);
  return inspectRow(
    { encoded, facts, prefixDiffers },
    { tokenizer, mask: encoder.mask, stopIds: encoder.stopIds, audit },
  );
}

const jinja = (source: string): Partial<EncoderOptions> => ({ template: { kind: "jinja", source } });
const tokens = (inputIds: number[], labels: number[]): ParsedRow => ({ kind: "tokens", tokens: { inputIds, labels } });

describe("findings of a row", () => {
  it("that is in order are none", () => {
    expect(classesOf(turns("q", "a"))).toEqual([]);
    expect(classesOf(turns("q", "a", "r", "b"), { template: { kind: "preset", name: "chatml-human" } })).toEqual([]);
    expect(classesOf({ kind: "text", text: "Once upon a time" })).toEqual([]);
  });
  it("no-scored-token stands alone", () => {
    expect(classesOf(turns("q"))).toEqual(["no-scored-token"]);
    expect(classesOf(turns("q <|im_end|> x", "a"), { maxLength: 4 })).toEqual(["no-scored-token"]);
    expect(classesOf(tokens([5, 6], [5, IGNORE]))).toEqual(["no-scored-token"]);
  });
  it("untrained-end-of-turn", () => {
    const untagged =
      "{% for m in messages %}{{ m.role }}: {% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}<|im_end|>\n{% endfor %}";
    expect(classesOf(turns("q", "a"), jinja(untagged))).toContain("untrained-end-of-turn");
    expect(classesOf(turns("q", "a"), jinja("{% for m in messages %}{{ m.content }}\n{% endfor %}"))).toContain(
      "untrained-end-of-turn",
    );
  });
  it("role-leak", () => {
    const leaky =
      "{% for m in messages %}{% generation %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{% endgeneration %}\n{% endfor %}";
    expect(classesOf(turns("q", "a"), jinja(leaky))).toContain("role-leak");
    expect(classesOf(turns("q", "a"), { mask: "all" })).toEqual([]);
  });
  it("everything-scored", () => {
    const whole = "{% generation %}{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}{% endgeneration %}";
    expect(classesOf(turns("q", "a"), jinja(whole))).toContain("everything-scored");
    expect(classesOf(tokens([5, 6, 151645], [5, 6, 151645]), {}, true)).toEqual(["everything-scored"]);
    expect(classesOf(tokens([5, 6, 151645], [5, 6, 151645]))).toEqual([]);
  });
  it("text-mismatch", () => {
    expect(classesOf(turns("cafe\u0301", "a"))).toEqual(["text-mismatch"]);
  });
  it("doubled-eos", () => {
    expect(
      classesOf(
        turns("q", "a"),
        jinja(CHATML.replace("{% endfor %}", "{% endfor %}{{ eos_token if not add_generation_prompt }}")),
      ),
    ).toContain("doubled-eos");
    expect(classesOf(tokens([5, 6, 151645, 151645], [IGNORE, 6, 151645, IGNORE]), {}, true)).toEqual(["doubled-eos"]);
  });
  it("special-token-in-content", () => {
    expect(classesOf(turns("q <|endoftext|>", "a"))).toEqual(["special-token-in-content"]);
  });
  it("prefix-differs", () => {
    expect(classesOf(turns("q", "a"), jinja(CHATML.replace("assistant\n' }}", "assistant: ' }}")))).toEqual([
      "prefix-differs",
    ]);
  });
  it("truncated, with the end that it lost", () => {
    expect(classesOf(turns("q", "a b c d e f g h"), { maxLength: 12 })).toEqual(["untrained-end-of-turn", "truncated"]);
  });
  it("of token rows are judged only in an audit", () => {
    const row = tokens([5, 6, 7, 8], [IGNORE, IGNORE, 7, 8]);
    expect(classesOf(row)).toEqual([]);
    expect(classesOf(row, {}, true)).toEqual(["untrained-end-of-turn"]);
  });
});

describe("the proof of a dataset", () => {
  const tokenizer = qwenTokenizer();
  const encoder = createEncoder({ tokenizer, template: { kind: "jinja", source: CHATML } });
  const context = { tokenizer, mask: encoder.mask, stopIds: encoder.stopIds };
  const rows = Array.from({ length: 240 }, (_, i) => (i % 2 === 0 ? turns("q") : turns("q", `answer ${i}`)));
  const proveRows = (indices: readonly number[]): ProofReport => {
    const proof = new ProofAccumulator(context);
    for (const i of indices) {
      const row = rows[i];
      if (row && i % 10 !== 9) proof.add(i, encoder.encode(row, i));
      else proof.addUnencodable(i);
    }
    return proof.report();
  };
  const all = rows.map((_, i) => i);

  it("counts rows, tokens and classes, and names the first hundred", () => {
    const report = proveRows(all);
    expect(report.rows).toBe(240);
    expect(report.findings.map((f) => [f.class, f.count])).toEqual([
      ["no-scored-token", 120],
      ["unencodable", 24],
    ]);
    expect(report.findings[0]?.rows).toHaveLength(100);
    expect(report.findings[0]?.rows.slice(0, 3)).toEqual([0, 2, 4]);
    expect(report.supervised_tokens).toBeGreaterThan(0);
  });

  it("is the same whichever way threads share the rows", () => {
    const whole = proveRows(all);
    for (const split of [(i: number) => i % 3, (i: number) => Math.floor((239 - i) / 80)]) {
      const merged = new ProofAccumulator(context);
      for (const part of [0, 1, 2]) merged.merge(proveRows(all.filter((i) => split(i) === part)));
      expect(merged.report()).toEqual(whole);
    }
  });
});

describe("packing", () => {
  const lengths = Array.from({ length: 500 }, (_, i) => 1 + ((i * 7919) % 97));
  it("puts every row whole into one block, in the same way every time", () => {
    const blocks = packRows(lengths, { maxLength: 128 });
    expect(blocks.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    for (const block of blocks)
      expect(block.reduce((sum, row) => sum + (lengths[row] ?? 0), 0)).toBeLessThanOrEqual(128);
    expect(packRows(lengths, { maxLength: 128 })).toEqual(blocks);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    expect(total / (blocks.length * 128)).toBeGreaterThan(0.93);
  });
  it("refuses a row that no block can hold", () => {
    expect(() => packRows([10, 200], { maxLength: 128 })).toThrow(
      expect.objectContaining({ code: "over-length", where: { row: 1 } }),
    );
  });
  it("makes batch units of rows or of blocks, in the sampler's order", () => {
    const order = [3, 1, 2, 0];
    expect(batchUnits([5, 5, 5, 5], order, { packing: false, maxLength: 10 })).toEqual([[3], [1], [2], [0]]);
    expect(batchUnits([5, 5, 5, 5], order, { packing: true, maxLength: 10 })).toEqual([
      [3, 1],
      [2, 0],
    ]);
  });
  it("lays rows end to end with restarted positions and labels shifted row by row", () => {
    const row = (ids: number[], labels: number[]) => ({
      ids: Int32Array.from(ids),
      labels: Int32Array.from(labels),
      weights: Float32Array.from(labels, (label) => (label === IGNORE ? 0 : 1)),
    });
    const laid = layOut([row([1, 2, 3], [1, IGNORE, 3]), row([4, 5], [4, 5])]);
    expect(Array.from(laid.ids)).toEqual([1, 2, 3, 4, 5]);
    expect(Array.from(laid.labels)).toEqual([IGNORE, 3, IGNORE, 5, IGNORE]);
    expect(Array.from(laid.weights)).toEqual([0, 1, 0, 1, 0]);
    expect(Array.from(laid.positions)).toEqual([0, 1, 2, 0, 1]);
    expect(Array.from(laid.offsets)).toEqual([0, 3, 5]);
  });
});

describe("a template that departs from the model's own", () => {
  const tokenizer = qwenTokenizer();
  const own = { kind: "jinja", source: CHATML } as const;
  it("shows the difference on a sample", () => {
    const departure = compareTemplates({ tokenizer, own, chosen: { kind: "preset", name: "chatml-human" } });
    expect(departure.departs).toBe(true);
    expect(departure.parts.filter((part) => part.kind === "own").map((part) => part.text)).toContain(
      "<|im_start|>user\n",
    );
    const rebuilt = (kind: "own" | "chosen"): string =>
      departure.parts
        .filter((p) => p.kind !== (kind === "own" ? "chosen" : "own"))
        .map((p) => p.text)
        .join("");
    expect(rebuilt("own")).toBe(departure.own);
    expect(rebuilt("chosen")).toBe(departure.chosen);
  });
  it("is none where the text is the same", () => {
    const row = conversation({ messages: [{ role: "user", content: "q" }] });
    const sample = row.kind === "conversation" ? row.conversation : undefined;
    expect(compareTemplates({ tokenizer, own, chosen: own, ...(sample ? { sample } : {}) }).departs).toBe(false);
  });
});
