import type { GraphBuilder } from "#worker/graph/builder.ts";
import type { Dim, ValueId } from "#worker/graph/ops.ts";
import { loraName, loraScale, magnitudeName, type LoraPlan } from "./lora.ts";
import type { LinearWeight } from "./linear.ts";
import type { LinearModule } from "./parameters.ts";

export interface Adaptation {
  readonly plan: LoraPlan;
  /** [2] i32; absent where nothing is dropped (evaluation, generation). */
  readonly dropoutSeed?: ValueId;
  /** Goes before the adapter's buffer names, where several adapters share an engine. */
  readonly prefix?: string;
}

/** An adapted linear layer, and what its output is added to. */
export interface AdaptedLinear {
  readonly module: LinearModule;
  readonly x: ValueId;
  readonly weight: LinearWeight;
  readonly bias: ValueId | undefined;
  readonly residual: ValueId | undefined;
  /** Tells its dropout mask from others of the step. */
  readonly stream: number;
}

/** x Wᵀ [+ bias] + scale · B(A(dropout(x))) [+ residual], or the same with DoRA's magnitudes. */
export function adaptLinear(b: GraphBuilder, adaptation: Adaptation, linear: AdaptedLinear): ValueId {
  const { plan } = adaptation;
  const { module, x, weight, bias, residual } = linear;
  const seed = plan.dropout > 0 ? adaptation.dropoutSeed : undefined;
  const mask = (): ValueId => b.dropoutMask(seed ?? -1, x, { rate: plan.dropout, stream: linear.stream });
  const kept = seed === undefined ? x : b.mul(x, mask());
  const buffer = (name: string, shape: readonly Dim[]): ValueId => b.buffer((adaptation.prefix ?? "") + name, shape);
  const halves = {
    a: buffer(loraName(module, "A"), [plan.rank, module.inputs]),
    up: buffer(loraName(module, "B"), [module.outputs, plan.rank]),
  };
  const scale = loraScale(plan);
  const adapter = (c: ValueId): ValueId =>
    b.gemm(b.gemm(kept, halves.a, { transB: true }), halves.up, { transB: true, alpha: scale, c });
  const add = (y: ValueId, term: ValueId | undefined): ValueId => (term === undefined ? y : b.add(y, term));
  if (!plan.dora) {
    const y = weight.times(x, bias ?? residual);
    return adapter(bias === undefined ? y : add(y, residual));
  }
  const magnitude = buffer(magnitudeName(module), [module.outputs]);
  const ratio = b.div(magnitude, b.detach(rowNorms(b, weight, { ...halves, scale })));
  const base = weight.times(kept);
  const turned = b.mul(adapter(base), ratio);
  // PEFT drops the input of what the magnitudes change, and not that of the frozen product itself
  const whole = kept === x ? turned : b.add(turned, b.sub(weight.times(x), base));
  return add(add(whole, bias), residual);
}

/** ‖W + s B A‖ of every row without the matrix itself: ‖W‖² + 2 s (W Aᵀ) · B + s² (B A Aᵀ) · B, [outputs]. */
function rowNorms(
  b: GraphBuilder,
  weight: LinearWeight,
  { a, up, scale }: { a: ValueId; up: ValueId; scale: number },
): ValueId {
  const cross = b.affine(weight.crossed(a), 2 * scale);
  const both = b.gemm(up, b.gemm(a, a, { transB: true }), { alpha: scale * scale, c: cross });
  return b.sqrt(b.add(weight.rowSquares(), b.sum(b.mul(both, up), [1])));
}
