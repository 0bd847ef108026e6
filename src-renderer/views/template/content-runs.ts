import type { WeightSpan } from "#shared/text/types.ts";

/** A stretch of a message's text that is drawn alike. */
export interface ContentRun {
  readonly start: number;
  readonly end: number;
  readonly weight: number;
  readonly marked: boolean;
  readonly picked: boolean;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Cuts a text where its paint or a selection begins or ends. */
export function contentRuns(
  text: string,
  { spans, marked, picked }: { spans: readonly WeightSpan[]; marked: readonly Range[]; picked: readonly Range[] },
): ContentRun[] {
  const edges = [...spans, ...marked, ...picked].flatMap(({ start, end }) => [start, end]);
  const cuts = [...new Set([0, text.length, ...edges.filter((edge) => edge > 0 && edge < text.length)])];
  cuts.sort((a, b) => a - b);
  const holds = (start: number) => (range: Range) => range.start <= start && range.end > start;
  return cuts.slice(0, -1).map((start, i) => ({
    start,
    end: cuts[i + 1] ?? text.length,
    weight: spans.findLast(holds(start))?.weight ?? 1,
    marked: marked.some(holds(start)),
    picked: picked.some(holds(start)),
  }));
}
