import type { GraphBuilder } from "#worker/graph/builder.ts";
import type { Dim, ValueId } from "#worker/graph/ops.ts";
import type { DecoderConfig } from "./config.ts";
import { adaptLinear, type Adaptation } from "./adapt.ts";
import { floatWeight, quantizedWeight, type LinearWeight } from "./linear.ts";
import { savedName } from "./lora.ts";
import {
  EMBEDDING,
  FINAL_NORM,
  linearModule,
  LM_HEAD,
  normName,
  NORMS,
  queryKeyNormName,
  queryKeyNormSize,
  type BlockNorms,
  type LinearModule,
  type LinearName,
} from "./parameters.ts";
import { formatOf } from "./quantize.ts";
import type { Rope } from "./rope.ts";
import { ropeTable } from "./rope-frequencies.ts";

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
  /** [n] i32, tokens of the document that each belongs to */
  readonly lengths: ValueId;
  readonly attend: Attend;
  /** [n, hiddenSize], added to the embeddings. */
  readonly noise?: ValueId;
  readonly wanted?: Wanted;
  /** Keys and values of earlier tokens, [past, kvHeads · headSize] a layer, and the size of past + n. */
  readonly cache?: { readonly keys: readonly ValueId[]; readonly values: readonly ValueId[]; readonly context: Dim };
}

export interface DecoderOutputs {
  /** [wanted or n, hiddenSize], after the final norm; times the head these are the logits */
  readonly hidden: ValueId;
  /** A layer's keys (rotated) and values, earlier ones included. */
  readonly keys: readonly ValueId[];
  readonly values: readonly ValueId[];
}

interface Angles {
  readonly cos: ValueId;
  readonly sin: ValueId;
}

/** What a layer is built from, beside its input. */
interface LayerInputs {
  readonly inputs: DecoderInputs;
  /** Absent where the layer does not rotate. */
  readonly angles: Angles | undefined;
  readonly wanted: Wanted | undefined;
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

  /** [vocabularySize, hiddenSize]: the model's own embedding where it is tied, unless an adapter has a head of its own. */
  get head(): ValueId {
    if (this.#config.tied && !this.#isSaved(LM_HEAD)) return this.#b.buffer(EMBEDDING, this.#tableShape);
    return this.#parameter(LM_HEAD, this.#tableShape);
  }

  get #tableShape(): readonly Dim[] {
    return [this.#config.vocabularySize, this.#config.hiddenSize];
  }

  #isSaved(name: string): boolean {
    return this.#adaptation?.plan.saved.some((parameter) => parameter.name === name) === true;
  }

  /** A parameter of the model, or the adapter's own in its place. */
  #parameter(name: string, shape: readonly Dim[]): ValueId {
    const own = this.#isSaved(name) ? (this.#adaptation?.prefix ?? "") + savedName(name) : name;
    return this.#b.buffer(own, shape);
  }

  /** hidden [n, hiddenSize] → logits [n, vocabularySize]. */
  logits(hidden: ValueId): ValueId {
    const b = this.#b;
    const logits = b.gemm(hidden, this.head, { transB: true });
    const { logitsSoftcap: cap } = this.#config;
    // cap · tanh(x / cap) = 2 cap · σ(2x / cap) − cap
    return cap === undefined ? logits : b.affine(b.sigmoid(b.affine(logits, 2 / cap)), 2 * cap, -cap);
  }

  build(inputs: DecoderInputs): DecoderOutputs {
    const { layers, attention, embeddingScale, logitsScale } = this.#config;
    const angles = this.#allAngles(inputs);
    const keys: ValueId[] = [];
    const values: ValueId[] = [];
    let x = this.#scale(this.#b.gatherRows(this.#parameter(EMBEDDING, this.#tableShape), inputs.ids), embeddingScale);
    if (inputs.noise !== undefined) x = this.#b.add(x, inputs.noise);
    for (let layer = 0; layer < layers; layer++) {
      const wanted = layer === layers - 1 ? inputs.wanted : undefined;
      const entering = x;
      const own = angles.get(attention[layer]?.rope);
      const made = this.#b.inSegment(layer, () => this.#layer(layer, entering, { inputs, angles: own, wanted }));
      x = made.x;
      keys.push(made.k);
      values.push(made.v);
    }
    return { hidden: this.#scale(this.#norm(FINAL_NORM, x), logitsScale), keys, values };
  }

  #scale(x: ValueId, factor: number): ValueId {
    return factor === 1 ? x : this.#b.affine(x, factor);
  }

  /** Once for each kind of rotation that the layers have. */
  #allAngles(inputs: DecoderInputs): Map<Rope | undefined, Angles> {
    const ropes = new Set(this.#config.attention.flatMap(({ rope }) => rope ?? []));
    return new Map([...ropes].map((rope) => [rope, this.#angles(inputs, rope)]));
  }

  /** cos and sin of position · frequency, [n, headSize / 2]. */
  #angles({ positions, lengths }: DecoderInputs, rope: Rope): Angles {
    const b = this.#b;
    const { frequencies, long, attentionFactor } = ropeTable(rope, this.#config.headSize);
    const [rows = 0] = b.type(positions).shape;
    const column = (value: ValueId): ValueId => b.reshape(b.toFloat(value), [rows, 1]);
    const row = (values: readonly number[]): ValueId => b.constant(values, [1, values.length]);
    const own = (): ValueId => {
      if (!long) return row(frequencies);
      const isLong = b.less(b.constant([long.above], [1, 1]), column(lengths));
      return b.add(b.mul(b.affine(isLong, -1, 1), row(frequencies)), b.mul(isLong, row(long.frequencies)));
    };
    const angle = b.mul(column(positions), own());
    return { cos: this.#scale(b.cos(angle), attentionFactor), sin: this.#scale(b.sin(angle), attentionFactor) };
  }

  #layer(layer: number, x: ValueId, at: LayerInputs): { x: ValueId; k: ValueId; v: ValueId } {
    const { attention, mlp } = NORMS[this.#config.normPlacement];
    const { wanted } = at;
    const { mixed, k, v } = this.#attention(layer, this.#before(layer, attention, x), at);
    const residual = wanted ? this.#b.gatherRows(x, wanted.rows) : x;
    const attended = this.#addBlock(layer, "o_proj", { norms: attention, x: mixed, residual });
    const gated = this.#gated(layer, this.#before(layer, mlp, attended));
    return { x: this.#addBlock(layer, "down_proj", { norms: mlp, x: gated, residual: attended }), k, v };
  }

  #before(layer: number, norms: BlockNorms, x: ValueId): ValueId {
    return norms.before === undefined ? x : this.#norm(normName(layer, norms.before), x);
  }

  /** residual + residualScale · norm(linear(x)): how a block ends. */
  #addBlock(
    layer: number,
    name: LinearName,
    { norms, x, residual }: { norms: BlockNorms; x: ValueId; residual: ValueId },
  ): ValueId {
    const { residualScale } = this.#config;
    if (norms.after === undefined && residualScale === 1) return this.#linear(layer, name, x, residual);
    const y = this.#linear(layer, name, x);
    const normal = norms.after === undefined ? y : this.#norm(normName(layer, norms.after), y);
    return this.#b.add(residual, this.#scale(normal, residualScale));
  }

  #attention(layer: number, x: ValueId, at: LayerInputs): { mixed: ValueId; k: ValueId; v: ValueId } {
    const b = this.#b;
    const { inputs, wanted } = at;
    const { heads, kvHeads, attentionScale: scale, attention, attentionSoftcap: softcap } = this.#config;
    const { cache } = inputs;
    const join = (past: ValueId | undefined, now: ValueId): ValueId =>
      cache && past !== undefined ? b.concat([past, now], 0, cache.context) : now;
    const projected = this.#project(layer, x, wanted);
    const k = join(cache?.keys[layer], this.#turn(layer, "k_norm", { x: projected.k, angles: at.angles }));
    const v = join(cache?.values[layer], projected.v);
    const pick = (value: ValueId): ValueId => (wanted ? b.gatherRows(value, wanted.rows) : value);
    const angles = at.angles && { cos: pick(at.angles.cos), sin: pick(at.angles.sin) };
    const q = this.#turn(layer, "q_norm", { x: projected.q, angles });
    const window = attention[layer]?.window;
    const cap = softcap === undefined ? {} : { softcap };
    const shape = { heads, kvHeads, scale, ...(window === undefined ? {} : { window }), ...cap };
    return { mixed: b.attention({ q, k, v, ...(wanted?.attend ?? inputs.attend) }, shape), k, v };
  }

  /** Queries of the wanted rows; keys and values of all. */
  #project(layer: number, x: ValueId, wanted: Wanted | undefined): { q: ValueId; k: ValueId; v: ValueId } {
    const pick = (value: ValueId): ValueId => (wanted ? this.#b.gatherRows(value, wanted.rows) : value);
    if (!this.#config.fused) {
      const k = this.#linear(layer, "k_proj", x);
      const v = this.#linear(layer, "v_proj", x);
      return { q: this.#linear(layer, "q_proj", pick(x)), k, v };
    }
    const all = this.#linear(layer, "qkv_proj", x);
    const queries = this.#config.heads * this.#config.headSize;
    const keys = this.#config.kvHeads * this.#config.headSize;
    const part = (start: number, size: number): ValueId => this.#b.slice(all, 1, [start, start + size]);
    return { q: pick(part(0, queries)), k: part(queries, keys), v: part(queries + keys, keys) };
  }

  /** Norm and rotation of queries or keys, as far as the model has them. */
  #turn(layer: number, name: "q_norm" | "k_norm", { x, angles }: { x: ValueId; angles: Angles | undefined }): ValueId {
    const heads = name === "q_norm" ? this.#config.heads : this.#config.kvHeads;
    const normal = this.#config.queryKeyNorm === "none" ? x : this.#queryKeyNorm(layer, name, x);
    return angles ? this.#b.rotate(normal, angles, heads) : normal;
  }

  #queryKeyNorm(layer: number, name: "q_norm" | "k_norm", x: ValueId): ValueId {
    const b = this.#b;
    const { shape } = b.type(x);
    const [rows = 0, columns = 0] = shape;
    const size = queryKeyNormSize(this.#config, name);
    const split = b.reshape(x, [rows, Number(columns) / size, size]);
    return b.reshape(this.#norm(queryKeyNormName(layer, name), split), shape);
  }

  /** activation(gate) · up, [n, intermediateSize]. */
  #gated(layer: number, x: ValueId): ValueId {
    const b = this.#b;
    const { fused, intermediateSize: width, activation } = this.#config;
    const both = fused ? this.#linear(layer, "gate_up_proj", x) : undefined;
    const gate = both === undefined ? this.#linear(layer, "gate_proj", x) : b.slice(both, 1, [0, width]);
    const up = both === undefined ? this.#linear(layer, "up_proj", x) : b.slice(both, 1, [width, 2 * width]);
    return activation === "silu" ? b.gatedSilu(gate, up) : b.mul(this.#geluTanh(gate), up);
  }

  /** ½ x (1 + tanh u) = x σ(2u) with u = √(2/π) (x + 0.044715 x³); Hendrycks and Gimpel, 2016. */
  #geluTanh(x: ValueId): ValueId {
    const b = this.#b;
    const factor = 2 * Math.sqrt(2 / Math.PI);
    return b.mul(x, b.sigmoid(b.mul(x, b.affine(b.mul(x, x), 0.044715 * factor, factor))));
  }

  #norm(name: string, x: ValueId): ValueId {
    const b = this.#b;
    const { normOffset, normEpsilon } = this.#config;
    const stored = this.#parameter(name, [b.type(x).shape.at(-1) ?? 0]);
    return b.rmsNorm(x, normOffset === 0 ? stored : b.affine(stored, 1, normOffset), normEpsilon);
  }

  /** x Wᵀ [+ bias] [+ adapter] [+ residual]. */
  #linear(layer: number, name: LinearName, x: ValueId, residual?: ValueId): ValueId {
    const b = this.#b;
    const module = linearModule(this.#config, layer, name);
    const weight = this.#weight(module);
    const bias = module.bias ? this.#parameter(`${module.name}.bias`, [module.outputs]) : undefined;
    const adapted = this.#adaptation?.plan.modules.some((one) => one.name === module.name);
    if (this.#adaptation && adapted === true) {
      return adaptLinear(b, this.#adaptation, { module, x, weight, bias, residual, stream: this.#streams++ });
    }
    const y = weight.times(x, bias ?? residual);
    return bias !== undefined && residual !== undefined ? b.add(y, residual) : y;
  }

  #weight(module: LinearModule): LinearWeight {
    const name = `${module.name}.weight`;
    const format = this.#isSaved(name) ? undefined : formatOf(this.#config, module);
    if (format) return quantizedWeight(this.#b, module, format);
    return floatWeight(this.#b, this.#parameter(name, [module.outputs, module.inputs]));
  }
}
