import type { DrawnToken, TokenState } from "../../components/tokens/view.ts";
import type { TokenView } from "#shared/contract/text.ts";
import { pieceOf, type Piece } from "./pieces.ts";

/** A stretch of rendered text with one state, one writer and one line of template. */
export interface RenderedRun {
  readonly from: number;
  readonly to: number;
  readonly state: TokenState;
  /** Message that wrote it, -1 for the template. */
  readonly message: number;
  /** Line of the template, from 1; undefined where it is not known. */
  readonly line: number | undefined;
  /** See Piece. */
  readonly loss?: Piece["loss"];
}

/** Lines of rendered text that are drawn together. */
export interface RenderedBlock {
  readonly runs: readonly RenderedRun[];
  /** The message of the first run that has one, where the block before had another; -1 otherwise. */
  readonly opens: number;
  /** The template line that wrote most of it. */
  readonly line: number | undefined;
}

/** Pieces of a view, in order and without gaps. */
export const piecesOf = (view: TokenView): Piece[] => view.origins.map(pieceOf);

/** Numbers of the lines of a text by offset. */
export function lineNumbers(source: string): (offset: number) => number {
  const starts = [0];
  for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** The rendered text as runs: cut where the state of a token or the piece changes. */
export function renderedRuns(
  tokens: readonly DrawnToken[],
  view: TokenView,
  { pieces, lineOf }: { pieces: readonly Piece[]; lineOf: ((offset: number) => number) | undefined },
): RenderedRun[] {
  const runs: RenderedRun[] = [];
  let piece = 0;
  let at = 0;
  for (const token of tokens) {
    const end = Math.max(at, view.ends[token.index] ?? at);
    while (at < end) {
      while (piece < pieces.length && (pieces[piece]?.to ?? 0) <= at) piece += 1;
      const here = pieces[piece];
      const inside = here !== undefined && here.from <= at;
      const to = Math.min(end, here === undefined ? end : inside ? here.to : here.from);
      const line = inside && here.source && lineOf ? lineOf(here.source.from) : undefined;
      const { message = -1, loss } = inside ? here : {};
      const run = { from: at, to, state: token.state, message, line, ...(loss ? { loss } : {}) };
      const last = runs.at(-1);
      if (last && last.state === run.state && last.message === message && last.line === line && last.loss === loss) {
        runs[runs.length - 1] = { ...last, to };
      } else runs.push(run);
      at = to;
    }
  }
  return runs;
}

/** Characters of a block at most, so that a text without line ends is drawn in parts too. */
const MOST = 2000;

/** Runs cut at line ends into blocks for a virtual list. */
export function renderedBlocks(runs: readonly RenderedRun[], text: string): RenderedBlock[] {
  const blocks: RenderedBlock[] = [];
  let open: RenderedRun[] = [];
  let size = 0;
  let message = -1;
  const close = (): void => {
    const first = open.find((run) => run.message >= 0)?.message ?? -1;
    const longest = open.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a), open[0] ?? { from: 0, to: 0 });
    const line = "line" in longest ? longest.line : undefined;
    blocks.push({ runs: open, opens: first >= 0 && first !== message ? first : -1, line });
    if (first >= 0) message = open.findLast((run) => run.message >= 0)?.message ?? message;
    [open, size] = [[], 0];
  };
  for (const run of runs) {
    let from = run.from;
    while (from < run.to) {
      const end = text.indexOf("\n", from) + 1;
      const to = Math.min(run.to, from + MOST - size, end > 0 ? end : Infinity);
      open.push({ ...run, from, to });
      size += to - from;
      if (size >= MOST || text[to - 1] === "\n") close();
      from = to;
    }
  }
  if (open.length > 0) close();
  return blocks;
}

/** Tokens that join characters of two messages, or of a message and the template. */
export function mergedTokens(view: Pick<TokenView, "starts" | "ends">, pieces: readonly Piece[]): Set<number> {
  const merged = new Set<number>();
  let at = 0;
  view.starts.forEach((start, i) => {
    const end = view.ends[i] ?? start;
    while (at < pieces.length && (pieces[at]?.to ?? 0) <= start) at += 1;
    const first = pieces[at];
    for (let next = at + 1; first && (pieces[next]?.from ?? end) < end; next += 1) {
      if (pieces[next]?.message !== first.message) merged.add(i);
    }
  });
  return merged;
}

/** Tokens that share a character with one of the ranges, which are in order. */
export function tokensIn(view: TokenView, ranges: readonly { from: number; to: number }[]): Set<number> {
  const found = new Set<number>();
  let at = 0;
  view.starts.forEach((start, i) => {
    const end = view.ends[i] ?? start;
    while (at < ranges.length && (ranges[at]?.to ?? 0) <= start) at += 1;
    const range = ranges[at];
    if (range && range.from < Math.max(end, start + 1)) found.add(i);
  });
  return found;
}
