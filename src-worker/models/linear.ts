import type { GraphBuilder } from "#worker/graph/builder.ts";
import type { ValueId } from "#worker/graph/ops.ts";
import type { LinearModule } from "./parameters.ts";
import { quantizedNames, type QuantizedFormat } from "./quantize.ts";

/** A linear layer's weight W [outputs, inputs], whichever way it is kept. */
export interface LinearWeight {
  /** x Wᵀ [+ c]. */
  times(x: ValueId, c?: ValueId): ValueId;
  /** W Aᵀ for a small A [r, inputs], of which no gradient is wanted; [outputs, r]. */
  crossed(a: ValueId): ValueId;
  /** ‖row‖² of every row, [outputs]. */
  rowSquares(): ValueId;
}

export const floatWeight = (b: GraphBuilder, weight: ValueId): LinearWeight => ({
  times: (x, c) => b.gemm(x, weight, { transB: true, ...(c === undefined ? {} : { c }) }),
  crossed: (a) => b.gemm(weight, a, { transB: true }),
  rowSquares: () => b.squareSum(weight, [1]),
});

export function quantizedWeight(b: GraphBuilder, module: LinearModule, format: QuantizedFormat): LinearWeight {
  const { inputs, outputs } = module;
  const { bits, block } = format;
  const names = quantizedNames(module);
  const weight = {
    q: b.buffer(names.q, [outputs, inputs / block, (block * bits) / 8], "u8"),
    scales: b.buffer(names.scales, [outputs, inputs / block]),
  };
  const times = (x: ValueId): ValueId => b.quantizedGemm(x, weight, format);
  return {
    times: (x, c) => (c === undefined ? times(x) : b.add(times(x), c)),
    crossed: (a) => {
      const rank = Number(b.type(a).shape[0]);
      const unit = Array.from({ length: rank * rank }, (_, i) => (i % (rank + 1) === 0 ? 1 : 0));
      // (A Wᵀ)ᵀ
      return b.gemm(times(a), b.constant(unit, [rank, rank]), { transA: true });
    },
    rowSquares: () => b.buffer(names.rowSquares, [outputs]),
  };
}
