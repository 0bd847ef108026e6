import type { GraphBuilder } from "#worker/graph/builder.ts";
import type { Dim, ValueId } from "#worker/graph/ops.ts";
import type { DecoderConfig } from "./config.ts";
import { loraName, type LoraPlan } from "./lora.ts";
import { EMBEDDING, FINAL_NORM, linearModule, LM_HEAD, type LinearModule, type LinearName } from "./parameters.ts";
import { ropeFrequencies } from "./rope.ts";

/** Which keys each row of queries sees; see the operation `attention`. */
export interface Attend {
  /** [n] i32 */
  readonly limits: ValueId;
  /** [c, 4] i32 */
  readonly chunks: ValueId;
}

/** The rows whose outputs are wanted: the last layer's queries and MLP are computed for them alone. */
export interface Wanted {
  /** [m] i32, indices of rows */
  readonly rows: ValueId;
  readonly attend: Attend;
}

export interface DecoderInputs {
  /** [n] i32 */
  readonly ids: ValueId;
  /** [n] i32, from 0 in every document */
  readonly positions: ValueId;
  readonly attend: Attend;
  readonly wanted?: Wanted;
  /** Keys and values of earlier tokens, [past, kvHeads · headSize] a layer, and the size of past + n. */
  readonly cache?: { readonly keys: readonly ValueId[]; readonly values: readonly ValueId[]; readonly context: Dim };
}

export interface DecoderOutputs {
  /** [wanted or n, hiddenSize], after the final norm */
  readonly hidden: ValueId;
  /** A layer's keys (rotated) and values, earlier ones included. */
  readonly keys: readonly ValueId[];
  readonly values: readonly ValueId[];
}

export interface Adaptation {
  readonly plan: LoraPlan;
  /** [2] i32; absent where nothing is dropped (evaluation, generation). */
  readonly dropoutSeed?: ValueId;
  /** Goes before the adapter's buffer names, where several adapters share an engine. */
  readonly prefix?: string;
}

interface Angles {
  readonly cos: ValueId;
  readonly sin: ValueId;
}

/** Builds the forward pass of a decoder from shared parts. Weights are buffers by their Hugging Face names. */
export class Decoder {
  readonly #b: GraphBuilder;
  readonly #config: DecoderConfig;
  readonly #adaptation: Adaptation | undefined;
  #streams = 0;

  constructor(b: GraphBuilder, config: DecoderConfig, adaptation?: Adaptation) {
    this.#b = b;
    this.#config = config;
    this.#adaptation = adaptation;
  }

  /** [vocabularySize, hiddenSize]: the embedding itself where it is tied. */
  get head(): ValueId {
    return this.#table(this.#config.tied ? EMBEDDING : LM_HEAD);
  }

  #table(name: string): ValueId {
    return this.#b.buffer(name, [this.#config.vocabularySize, this.#config.hiddenSize]);
  }

  build(inputs: DecoderInputs): DecoderOutputs {
    const { layers } = this.#config;
    const angles = this.#angles(inputs.positions);
    const keys: ValueId[] = [];
    const values: ValueId[] = [];
    let x = this.#b.gatherRows(this.#table(EMBEDDING), inputs.ids);
    for (let layer = 0; layer < layers; layer++) {
      const wanted = layer === layers - 1 ? inputs.wanted : undefined;
      const entering = x;
      const made = this.#b.inSegment(layer, () => this.#layer(layer, entering, { inputs, angles, wanted }));
      x = made.x;
      keys.push(made.k);
      values.push(made.v);
    }
    return { hidden: this.#norm(FINAL_NORM, x), keys, values };
  }

  /** cos and sin of position · frequency, [n, headSize / 2]. */
  #angles(positions: ValueId): Angles {
    const b = this.#b;
    const frequencies = ropeFrequencies(this.#config.rope, this.#config.headSize);
    const [rows = 0] = b.type(positions).shape;
    const column = b.reshape(b.toFloat(positions), [rows, 1]);
    const angle = b.mul(column, b.constant(frequencies, [1, frequencies.length]));
    return { cos: b.cos(angle), sin: b.sin(angle) };
  }

  #layer(
    layer: number,
    x: ValueId,
    at: { inputs: DecoderInputs; angles: Angles; wanted: Wanted | undefined },
  ): { x: ValueId; k: ValueId; v: ValueId } {
    const b = this.#b;
    const { inputs, angles, wanted } = at;
    const pick = (value: ValueId): ValueId => (wanted ? b.gatherRows(value, wanted.rows) : value);
    const normal = this.#norm(`model.layers.${layer}.input_layernorm.weight`, x);
    const { k, v } = this.#keysAndValues(layer, normal, { inputs, angles });
    const q = b.rotate(
      this.#linear(layer, "q_proj", pick(normal)),
      { cos: pick(angles.cos), sin: pick(angles.sin) },
      this.#config.heads,
    );
    const { heads, kvHeads, headSize } = this.#config;
    const attend = wanted?.attend ?? inputs.attend;
    const mixed = b.attention({ q, k, v, ...attend }, { heads, kvHeads, scale: headSize ** -0.5 });
    const attended = this.#linear(layer, "o_proj", mixed, pick(x));
    return { x: this.#mlp(layer, attended), k, v };
  }

  #keysAndValues(
    layer: number,
    normal: ValueId,
    { inputs, angles }: { inputs: DecoderInputs; angles: Angles },
  ): { k: ValueId; v: ValueId } {
    const { cache } = inputs;
    const join = (past: ValueId | undefined, now: ValueId): ValueId =>
      cache && past !== undefined ? this.#b.concat([past, now], 0, cache.context) : now;
    const k = this.#b.rotate(this.#linear(layer, "k_proj", normal), angles, this.#config.kvHeads);
    const v = this.#linear(layer, "v_proj", normal);
    return { k: join(cache?.keys[layer], k), v: join(cache?.values[layer], v) };
  }

  #mlp(layer: number, x: ValueId): ValueId {
    const normal = this.#norm(`model.layers.${layer}.post_attention_layernorm.weight`, x);
    const gate = this.#linear(layer, "gate_proj", normal);
    const up = this.#linear(layer, "up_proj", normal);
    return this.#linear(layer, "down_proj", this.#b.gatedSilu(gate, up), x);
  }

  #norm(name: string, x: ValueId): ValueId {
    return this.#b.rmsNorm(x, this.#b.buffer(name, [this.#config.hiddenSize]), this.#config.normEpsilon);
  }

  /** x Wᵀ [+ bias] [+ adapter] [+ residual]. */
  #linear(layer: number, name: LinearName, x: ValueId, residual?: ValueId): ValueId {
    const b = this.#b;
    const module = linearModule(this.#config, layer, name);
    const weight = b.buffer(`${module.name}.weight`, [module.outputs, module.inputs]);
    const bias = module.bias ? b.buffer(`${module.name}.bias`, [module.outputs]) : undefined;
    const start = bias ?? residual;
    const y = b.gemm(x, weight, { transB: true, ...(start === undefined ? {} : { c: start }) });
    const both = bias !== undefined && residual !== undefined ? b.add(y, residual) : y;
    return this.#adapt(module, x, both);
  }

  /** y + (alpha / r) · B(A(dropout(x))), where the layer is adapted. */
  #adapt(module: LinearModule, x: ValueId, y: ValueId): ValueId {
    const b = this.#b;
    const adapted = this.#adaptation;
    if (!adapted?.plan.modules.some(({ name }) => name === module.name)) return y;
    const { rank, alpha, dropout } = adapted.plan;
    const buffer = (half: "A" | "B", shape: readonly Dim[]): ValueId =>
      b.buffer((adapted.prefix ?? "") + loraName(module, half), shape);
    const seed = dropout > 0 ? adapted.dropoutSeed : undefined;
    const kept = seed === undefined ? x : b.mul(x, b.dropoutMask(seed, x, { rate: dropout, stream: this.#streams++ }));
    const small = b.gemm(kept, buffer("A", [rank, module.inputs]), { transB: true });
    return b.gemm(small, buffer("B", [module.outputs, rank]), { transB: true, alpha: alpha / rank, c: y });
  }
}
