/**
 * The tensor graph as data. Operations are one closed union; shapes, gradients, printing and every engine's lowering are
 * total tables over it, so that a missing entry is a compile error.
 */

/** A number, or the name of a size that is only known when the graph runs (`tokens`, `scored`, …). */
export type Dim = number | string;
export type DType = "f32" | "i32" | "u8";

export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** Index of a value in `Graph.types`. */
export type ValueId = number;

export type Op =
  /** A constant; `values` has one entry for every element, or one entry in all (then every element has it). */
  | { readonly kind: "constant"; readonly type: TensorType; readonly values: readonly number[] }
  /** Elementwise with NumPy broadcasting. */
  | { readonly kind: "add" }
  | { readonly kind: "sub" }
  | { readonly kind: "mul" }
  | { readonly kind: "div" }
  | { readonly kind: "minimum" }
  /** 1 where a < b, else 0. */
  | { readonly kind: "less" }
  /** scale · x + shift. */
  | { readonly kind: "affine"; readonly scale: number; readonly shift: number }
  | { readonly kind: "sqrt" }
  | { readonly kind: "cos" }
  | { readonly kind: "sin" }
  | { readonly kind: "sigmoid" }
  /** i32 → f32. */
  | { readonly kind: "toFloat" }
  /** Sum over `axes`; the reduced axes stay as 1 where `keep`. */
  | { readonly kind: "sum"; readonly axes: readonly number[]; readonly keep: boolean }
  /** Σ x² over `axes`, without a tensor of squares. */
  | { readonly kind: "squareSum"; readonly axes: readonly number[] }
  /** (x, like) → x broadcast to the shape of `like`. */
  | { readonly kind: "broadcastLike" }
  /** (x, when) → x, but not before `when` exists; `when` has at least one element. Holds a recomputation back until it is due. */
  | { readonly kind: "after" }
  /** x itself, through which nothing is differentiated. */
  | { readonly kind: "detach" }
  /** (like) → a tensor of that shape filled with `value`. */
  | { readonly kind: "fillLike"; readonly value: number }
  /** At most one dimension of the result may be symbolic. */
  | { readonly kind: "reshape"; readonly shape: readonly Dim[] }
  | { readonly kind: "concat"; readonly axis: number; readonly dim: Dim }
  /** Elements start…end of an axis of static size. */
  | { readonly kind: "slice"; readonly axis: number; readonly start: number; readonly end: number }
  /** (table [n, …], indices [m] i32) → [m, …]. */
  | { readonly kind: "gatherRows" }
  /** (base [n, …], indices [m] i32, rows [m, …]) → base with the rows added; an index may come twice. */
  | { readonly kind: "scatterAddRows" }
  /** (a, b[, c]) → alpha · op(a) · op(b) + c, two dimensions; c broadcasts. */
  | { readonly kind: "gemm"; readonly transA: boolean; readonly transB: boolean; readonly alpha: number }
  /**
   * (x [n, k], weight, scales [m, k / block]) → x · Wᵀ, [n, m]. The frozen weight W [m, k] is kept as whole numbers of 4 or 8 bits,
   * u8 [m, k / block, block · bits / 8]; see `Quantized`.
   */
  | ({ readonly kind: "quantizedGemm" } & Quantized)
  /** (weight, scales) → W [m, k]. */
  | ({ readonly kind: "dequantize" } & Quantized)
  /** (x [n, h], weight [h]) → x / sqrt(mean(x²) + epsilon) · weight. */
  | { readonly kind: "rmsNorm"; readonly epsilon: number }
  /** (x [n, heads · 2d], cos [n, d], sin [n, d]) → each head's halves rotated: [a·cos − b·sin, b·cos + a·sin]. */
  | { readonly kind: "rotate"; readonly heads: number }
  /** (gate, up) → silu(gate) · up. */
  | { readonly kind: "gatedSilu" }
  /** (gate, up, dy) → dgate, dup. */
  | { readonly kind: "gatedSiluGrad" }
  /**
   * (q [n, heads · d], k [m, kvHeads · d], v [m, kvHeads · d], limits [n] i32, chunks [c, 4] i32) → [n, heads · d].
   * A chunk (q start, q end, k start, k end) lets its queries attend to its keys j ≤ limits[query]; the chunks cover the
   * queries in order. Scores exist for one chunk at a time.
   */
  | ({ readonly kind: "attention" } & AttentionShape)
  /** (q, k, v, limits, chunks, out, dout) → dq, dk, dv; scores are computed again. */
  | ({ readonly kind: "attentionGrad" } & AttentionShape)
  /**
   * (hidden [n, h], table [v, h], labels [n] i32, weights [n]) → Σ weight · (logsumexp(hidden · tableᵀ) − logit of the label), a scalar.
   * Logits exist for `chunk` rows at a time; with `softcap` they are softcap · tanh(logit / softcap).
   */
  | ({ readonly kind: "crossEntropy" } & LossShape)
  /** (hidden, table, labels, weights[, base]) → the same loss, dhidden, base + dtable (left out where the table is frozen). */
  | ({ readonly kind: "crossEntropyGrad"; readonly table: boolean } & LossShape)
  /** (seed [2] i32, like) → 0 with probability `rate`, else 1 / (1 − rate); `stream` tells the masks of one seed apart. */
  | { readonly kind: "dropoutMask"; readonly rate: number; readonly stream: number };

export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly scale: number;
  /** A query sees the keys limit − window < j ≤ limit only. */
  readonly window?: number;
  /** Scaled scores become softcap · tanh(score / softcap) before the softmax. */
  readonly softcap?: number;
}

/**
 * Weights in blocks of `block` with a scale each: W = scale · (q − 2^(bits − 1)). With 4 bits block b of a row holds columns
 * b · block / 2 … in the low halves of its bytes and k / 2 + b · block / 2 … in the high ones, so that either half of a byte gives
 * neighbouring columns.
 */
export interface Quantized {
  readonly bits: 4 | 8;
  readonly block: number;
}

export interface LossShape {
  readonly chunk: number;
  readonly softcap?: number;
}

export type OpKind = Op["kind"];
export type OpOf<K extends OpKind> = Extract<Op, { kind: K }>;

export interface Node {
  readonly op: Op;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  /** Nodes of one segment (a layer) can be computed again together in the backward pass. */
  readonly segment?: number;
}

/** `buffer`: the engine's own buffer of that name. `feed`: given with every run. */
export interface GraphInput {
  readonly name: string;
  readonly value: ValueId;
  readonly source: "buffer" | "feed";
}

/** Where `into` is given the value replaces that buffer, else it comes back from the run. */
export interface GraphOutput {
  readonly name: string;
  readonly value: ValueId;
  readonly into?: string;
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly GraphInput[];
  /** In an order in which they can run. */
  readonly nodes: readonly Node[];
  readonly outputs: readonly GraphOutput[];
  readonly types: readonly TensorType[];
}
