import type { AttentionShape } from "#worker/graph/ops.ts";
import type { Emitter } from "./emitter.ts";
import { softcap } from "./softcap.ts";

/** A very negative number rather than −∞: a row that sees nothing must not become NaN. */
const HIDDEN = -1e30;

interface Geometry extends AttentionShape {
  /** Width of one head. */
  readonly width: number;
}

interface Chunk {
  /** [1] each, int32. */
  readonly queries: readonly [start: string, end: string];
  readonly keys: readonly [start: string, end: string];
}

function readChunk(e: Emitter, chunks: string, index: string): Chunk {
  const row = e.node("Gather", [chunks, index], { axis: { int: 0 } });
  const at = (column: number): string => e.node("Slice", [row, e.longs(column), e.longs(column + 1)]);
  return { queries: [at(0), at(1)], keys: [at(2), at(3)] };
}

/** Rows of [n, heads · d] as [kvHeads, group · rows, d]: the heads that share a key lie together. */
function splitQueries(e: Emitter, rows: string, { heads, kvHeads, width }: Geometry): string {
  const group = heads / kvHeads;
  const split = e.transpose(e.reshape(rows, -1, kvHeads, group, width), 1, 2, 0, 3);
  return e.reshape(split, kvHeads, -1, width);
}

function joinQueries(e: Emitter, split: string, { heads, kvHeads, width }: Geometry): string {
  const group = heads / kvHeads;
  return e.reshape(e.transpose(e.reshape(split, kvHeads, group, -1, width), 2, 0, 1, 3), -1, heads * width);
}

const splitKeys = (e: Emitter, rows: string, { kvHeads, width }: Geometry): string =>
  e.transpose(e.reshape(rows, -1, kvHeads, width), 1, 0, 2);

const joinKeys = (e: Emitter, split: string, { kvHeads, width }: Geometry): string =>
  e.reshape(e.transpose(split, 1, 0, 2), -1, kvHeads * width);

interface ProductOptions {
  readonly transA?: number;
  readonly transB?: number;
  readonly alpha?: number;
}

const product = (e: Emitter, factors: readonly [string, string], options: ProductOptions = {}): string =>
  e.microsoft("FusedMatMul", factors, {
    transA: { int: options.transA ?? 0 },
    transB: { int: options.transB ?? 0 },
    alpha: { float: options.alpha ?? 1 },
  });

/** [group · rows, keys]: 0 where key j ≤ the query's limit (and within the window), else HIDDEN. */
function maskOf(e: Emitter, limits: string, { chunk, geometry }: { chunk: Chunk; geometry: Geometry }): string {
  const { window } = geometry;
  const group = geometry.heads / geometry.kvHeads;
  const limit = e.reshape(e.node("Tile", [e.rows(limits, ...chunk.queries), e.longs(group)]), -1, 1);
  const scalar = (x: string): string => e.node("Squeeze", [x]);
  const one = e.tensor({ type: "int32", dims: [], values: [1] });
  const keys = e.node("Range", [scalar(chunk.keys[0]), scalar(chunk.keys[1]), one]);
  const reached = e.node("LessOrEqual", [keys, limit]);
  const near = (size: number): string => {
    const first = e.node("Sub", [limit, e.tensor({ type: "int32", dims: [], values: [size] })]);
    return e.node("And", [reached, e.node("Greater", [keys, first])]);
  };
  return e.node("Where", [window === undefined ? reached : near(window), e.float(0), e.float(HIDDEN)]);
}

interface Split {
  readonly chunk: Chunk;
  readonly q: string;
  readonly k: string;
  readonly v: string;
  /** Probabilities [kvHeads, group · rows, keys]. */
  readonly p: string;
  /** Slope of the soft cap at each score; absent where scores are not capped. */
  readonly slope: (() => string) | undefined;
}

interface Inputs {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly limits: string;
  readonly chunks: string;
}

function probabilities(e: Emitter, inputs: Inputs, { index, geometry }: { index: string; geometry: Geometry }): Split {
  const chunk = readChunk(e, inputs.chunks, index);
  const q = splitQueries(e, e.rows(inputs.q, ...chunk.queries), geometry);
  const k = splitKeys(e, e.rows(inputs.k, ...chunk.keys), geometry);
  const v = splitKeys(e, e.rows(inputs.v, ...chunk.keys), geometry);
  const mask = maskOf(e, inputs.limits, { chunk, geometry });
  const { capped, slope } = softcap(e, product(e, [q, k], { transB: 1, alpha: geometry.scale }), geometry.softcap);
  const scores = e.node("Add", [capped, mask]);
  return { chunk, q, k, v, p: e.node("Softmax", [scores], { axis: { int: -1 } }), slope };
}

const tripsOf = (e: Emitter, chunks: string): string =>
  e.node("Squeeze", [e.node("Shape", [chunks], { start: { int: 0 }, end: { int: 1 } })]);

const empty = (e: Emitter, columns: number): string => e.tensor({ type: "float", dims: [0, columns], values: [] });
const append = (e: Emitter, done: string, rows: string): string => e.node("Concat", [done, rows], { axis: { int: 0 } });

/** Attention as a loop over chunks, so that scores exist for one chunk at a time. */
export function emitAttention(e: Emitter, inputs: Inputs, geometry: Geometry): string {
  const [out] = e.loop(
    tripsOf(e, inputs.chunks),
    [empty(e, geometry.heads * geometry.width)],
    (body, index, [done = ""]) => {
      const { p, v } = probabilities(body, inputs, { index, geometry });
      return [append(body, done, joinQueries(body, product(body, [p, v]), geometry))];
    },
  );
  return out ?? "";
}

/** dq, dk, dv; see the rule in `graph/gradients.ts`. */
export function emitAttentionGrad(
  e: Emitter,
  inputs: Inputs & { out: string; dout: string },
  geometry: Geometry,
): string[] {
  const { scale } = geometry;
  const zeros = (like: string): string => e.node("ConstantOfShape", [e.node("Shape", [like])]);
  const start = [empty(e, geometry.heads * geometry.width), zeros(inputs.k), zeros(inputs.v)];
  return e.loop(tripsOf(e, inputs.chunks), start, (body, index, [dq = "", dk = "", dv = ""]) => {
    const { chunk, q, k, v, p, slope } = probabilities(body, inputs, { index, geometry });
    const out = splitQueries(body, body.rows(inputs.out, ...chunk.queries), geometry);
    const dout = splitQueries(body, body.rows(inputs.dout, ...chunk.queries), geometry);
    const delta = body.reduce("ReduceSum", body.node("Mul", [dout, out]), [2]);
    const dp = product(body, [dout, v], { transB: 1 });
    const dcapped = body.node("Mul", [p, body.node("Sub", [dp, delta])]);
    const ds = slope === undefined ? dcapped : body.node("Mul", [dcapped, slope()]);
    return [
      append(body, dq, joinQueries(body, product(body, [ds, k], { alpha: scale }), geometry)),
      addRows(body, dk, {
        keys: chunk.keys,
        rows: joinKeys(body, product(body, [ds, q], { transA: 1, alpha: scale }), geometry),
      }),
      addRows(body, dv, { keys: chunk.keys, rows: joinKeys(body, product(body, [p, dout], { transA: 1 }), geometry) }),
    ];
  });
}

/** The chunk's key rows of `total` with `rows` added. */
function addRows(
  e: Emitter,
  total: string,
  { keys: [start, end], rows }: { keys: Chunk["keys"]; rows: string },
): string {
  const zero = e.tensor({ type: "int32", dims: [1], values: [0] });
  const last = e.tensor({ type: "int32", dims: [1], values: [2 ** 31 - 1] });
  const middle = e.node("Add", [e.rows(total, start, end), rows]);
  return e.node("Concat", [e.rows(total, zero, start), middle, e.rows(total, end, last)], { axis: { int: 0 } });
}
