import { SiftError } from "#shared/errors.ts";
import type { DecoderConfig } from "./config.ts";

/**
 * Rows laid end to end. `documents` holds the offset of each document's first token and, last, the number of tokens;
 * documents do not see one another. Labels are ALREADY shifted (the id that the position must predict, or −100), so
 * `weights` belongs to that target.
 */
export interface MicroBatch {
  readonly ids: Int32Array;
  /** From 0 in every document. */
  readonly positions: Int32Array;
  readonly documents: Int32Array;
  readonly labels: Int32Array;
  readonly weights: Float32Array;
  /** Added to the embeddings in a training step, where it is noisy. [tokens · hiddenSize] */
  readonly noise?: Float32Array;
}

/** What the training graph is fed with, beside the weights' scale. */
export interface Layout {
  readonly tokens: number;
  readonly scored: number;
  readonly weightSum: number;
  /** Last key each query sees: itself. [tokens] */
  readonly limits: Int32Array;
  /** [chunks, 4] */
  readonly chunks: Int32Array;
  /** Rows whose target is scored, and their targets and weights. [scored] */
  readonly rows: Int32Array;
  readonly targets: Int32Array;
  readonly targetWeights: Float32Array;
  /** Chunks of the scored rows. [chunks, 4] */
  readonly rowChunks: Int32Array;
}

/**
 * Queries at a time: more makes larger score matrices, fewer makes more and smaller products. Half of a causal block is
 * wasted, so shorter chunks also compute less.
 */
export const QUERIES_PER_CHUNK = 256;

/** Splits queries start…end, whose keys begin at `keys`, into chunks; `keyEnd(q)` is the end of the keys of the query before q. */
function pushChunks(
  chunks: number[],
  range: { start: number; end: number; keys: number },
  keyEnd: (end: number) => number,
): void {
  for (let start = range.start; start < range.end; start += QUERIES_PER_CHUNK) {
    const end = Math.min(start + QUERIES_PER_CHUNK, range.end);
    chunks.push(start, end, range.keys, keyEnd(end));
  }
}

/** Chunks for `count` new queries that see `past` earlier keys and themselves, causally. */
export function causalChunks(past: number, count: number): Int32Array {
  const chunks: number[] = [];
  pushChunks(chunks, { start: 0, end: count, keys: 0 }, (end) => past + end);
  return Int32Array.from(chunks);
}

/** Tokens of the document that each token belongs to, [tokens]. */
export function documentLengths({ ids, documents }: MicroBatch): Int32Array {
  const lengths = new Int32Array(ids.length);
  for (let document = 0; document + 1 < documents.length; document++) {
    const [start = 0, end = 0] = documents.subarray(document, document + 2);
    lengths.fill(end - start, start, end);
  }
  return lengths;
}

/** What bounds a micro-batch. */
export type LayoutLimits = Pick<DecoderConfig, "vocabularySize" | "longestText">;

/** @throws SiftError `micro-batch` where the arrays do not fit together or an id is outside the vocabulary, `text-too-long`. */
export function layOut(batch: MicroBatch, limits: LayoutLimits): Layout {
  check(batch, limits.vocabularySize);
  if (limits.longestText !== undefined) for (const length of documentLengths(batch)) checkLength(length, limits);
  const tokens = batch.ids.length;
  const chunks: number[] = [];
  const rowChunks: number[] = [];
  const rows: number[] = [];
  for (let document = 0; document + 1 < batch.documents.length; document++) {
    const start = batch.documents[document] ?? 0;
    const end = batch.documents[document + 1] ?? tokens;
    pushChunks(chunks, { start, end, keys: start }, (queryEnd) => queryEnd);
    const firstRow = rows.length;
    for (let i = start; i < end; i++) if ((batch.labels[i] ?? -1) >= 0 && batch.weights[i] !== 0) rows.push(i);
    pushChunks(rowChunks, { start: firstRow, end: rows.length, keys: start }, (rowEnd) => (rows[rowEnd - 1] ?? 0) + 1);
  }
  const pick = (source: Int32Array | Float32Array): number[] => rows.map((row) => source[row] ?? 0);
  const targetWeights = Float32Array.from(pick(batch.weights));
  return {
    tokens,
    scored: rows.length,
    weightSum: targetWeights.reduce((a, b) => a + b, 0),
    limits: Int32Array.from({ length: tokens }, (_, i) => i),
    chunks: Int32Array.from(chunks),
    rows: Int32Array.from(rows),
    targets: Int32Array.from(pick(batch.labels)),
    targetWeights,
    rowChunks: Int32Array.from(rowChunks),
  };
}

/** @throws SiftError `text-too-long` where the model's positions end before the text does. */
export function checkLength(length: number, { longestText }: LayoutLimits): void {
  if (longestText === undefined || length <= longestText) return;
  throw new SiftError("text-too-long", `a text of ${length} tokens, but the model has ${longestText} positions`, {
    where: { what: "max_position_embeddings" },
    remedy: "set max_length to no more than that: its rope type, dynamic, changes with what was read before",
  });
}

function check(batch: MicroBatch, vocabularySize: number): void {
  const { ids, positions, documents, labels, weights } = batch;
  const problem = (message: string): never => {
    throw new SiftError("micro-batch", message);
  };
  if (ids.length === 0) problem("a micro-batch without tokens");
  if ([positions, labels, weights].some((array) => array.length !== ids.length))
    problem("ids, positions, labels and weights differ in length");
  if (documents[0] !== 0 || documents.at(-1) !== ids.length)
    problem("documents must start at 0 and end at the number of tokens");
  if (documents.some((offset, index) => index > 0 && offset <= (documents[index - 1] ?? 0)))
    problem("documents must have tokens, in order");
  const outside = [...ids, ...labels].find((id) => id >= vocabularySize || (id < 0 && id !== -100));
  if (outside !== undefined) problem(`the token id ${outside} is outside the model's vocabulary of ${vocabularySize}`);
}
