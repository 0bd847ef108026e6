import { diffSequences, type Hunk } from "./diff/sequence.ts";
import type { WeightSpan } from "./types.ts";

/** Weights that can be painted: 0 switches text off, 2 counts it twice. */
export const PAINT_RANGE = { min: 0, max: 2 } as const;
/** What text counts where nothing was painted. */
const PLAIN = 1;

/** Spans without overlaps, in order, without those that change nothing; where some overlapped, the later one won. */
export function normalSpans(spans: readonly WeightSpan[], length: number): WeightSpan[] {
  const cuts = [...new Set([0, length, ...spans.flatMap(({ start, end }) => [start, end])])]
    .filter((cut) => cut >= 0 && cut <= length)
    .sort((a, b) => a - b);
  const result: WeightSpan[] = [];
  for (let i = 1; i < cuts.length; i++) {
    const [start = 0, end = 0] = [cuts[i - 1], cuts[i]];
    const weight = spans.findLast((span) => span.start <= start && span.end >= end)?.weight ?? PLAIN;
    const last = result.at(-1);
    if (last?.weight === weight && last.end === start) result[result.length - 1] = { ...last, end };
    else if (weight !== PLAIN) result.push({ start, end, weight });
  }
  return result;
}

/** Gives the characters `start`…`end` a weight; 1 takes the paint off. A surrogate pair is painted as a whole. */
export function paintSpans(text: string, spans: readonly WeightSpan[], painted: WeightSpan): WeightSpan[] {
  const start = insidePair(text, painted.start) ? painted.start - 1 : painted.start;
  const end = insidePair(text, painted.end) ? painted.end + 1 : painted.end;
  return normalSpans([...spans, { start, end, weight: painted.weight }], text.length);
}

const insidePair = (text: string, at: number): boolean =>
  at > 0 && /^[\ud800-\udbff]$/.test(text[at - 1] ?? "") && /^[\udc00-\udfff]$/.test(text[at] ?? "");

/**
 * Spans of a text after it was edited, as an operational transform moves them: text that comes in front shifts a span, text
 * typed inside belongs to it, text typed at its edge does not, and what is deleted leaves it. A span of which nothing is left
 * is gone.
 */
export function moveSpans(before: string, after: string, spans: readonly WeightSpan[]): WeightSpan[] {
  if (spans.length === 0 || before === after) return [...spans];
  const edits = diffSequences(codeUnits(before), codeUnits(after));
  const moved = spans.map(({ start, end, weight }) => {
    return { start: moveEdge(start, "start", edits), end: moveEdge(end, "end", edits), weight };
  });
  return normalSpans(
    moved.filter(({ start, end }) => end > start),
    after.length,
  );
}

/** Where an edge of a span comes to stand. Text typed exactly there stays outside of the span. */
function moveEdge(edge: number, side: "start" | "end", edits: readonly Hunk[]): number {
  let shift = 0;
  for (const { aStart, aEnd, bStart, bEnd } of edits) {
    const typedHere = aStart === aEnd && aStart === edge;
    if (typedHere ? side === "end" : aStart >= edge) break;
    // a replacement over the edge takes what it covers out of the span
    if (aEnd > edge) return side === "start" ? bEnd : bStart;
    shift = bEnd - aEnd;
  }
  return edge + shift;
}

function codeUnits(text: string): Uint16Array {
  const units = new Uint16Array(text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return units;
}
