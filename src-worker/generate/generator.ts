import { SiftError } from "#shared/errors.ts";
import { float, int, type Engine, type HostTensor, type Program } from "#worker/engines/engine.ts";
import { GraphBuilder } from "#worker/graph/builder.ts";
import type { Dim, Graph, ValueId } from "#worker/graph/ops.ts";
import { Decoder } from "#worker/models/decoder.ts";
import type { ModelSpec } from "#worker/models/folder.ts";
import { loraValues } from "#worker/models/initialise.ts";
import { putModel } from "#worker/train/load.ts";
import { causalChunks, checkLength } from "#worker/models/layout.ts";
import { loadAdapter, loraParameters, type AdapterSpec, type LoraPlan } from "#worker/models/lora.ts";

export interface GeneratorOptions {
  readonly engine: Engine;
  readonly model: ModelSpec;
  /** An adapter folder; adapters of several generators share the engine's base weights. */
  readonly adapter?: string;
  /** For a model without files. */
  readonly seed?: number;
}

/** The next-token distribution of a sequence that grows; keys and values of what has been read are kept. */
export interface Generator {
  /** Starts over with these ids; logits [vocabulary] after the last one. */
  prefill(ids: Int32Array): Promise<Float32Array>;
  /** Appends one id; logits after it. */
  next(id: number): Promise<Float32Array>;
  /** Logits [ids, vocabulary] after each id; the sequence starts over. */
  logits(ids: Int32Array): Promise<Float32Array>;
  /** Ids read so far. */
  readonly length: number;
  dispose(): Promise<void>;
}

/** Loads what the engine does not hold yet and compiles the forward pass with a cache. */
export async function createGenerator(options: GeneratorOptions): Promise<Generator> {
  const { engine, model } = options;
  putModel(engine, model, { seed: options.seed ?? 0 });
  const adapter = options.adapter === undefined ? undefined : loadAdapter(options.adapter, model.config);
  const prefix = adapter ? putAdapter(engine, model, adapter) : "";
  const program = await engine.compile(generationGraph(model, adapter, prefix));
  return new CachedGenerator(model, program);
}

/** Over weights, and an adapter's, that an engine holds already: a model in training, say. */
export async function generatorOver(engine: Engine, model: ModelSpec, plan: LoraPlan | undefined): Promise<Generator> {
  return new CachedGenerator(model, await engine.compile(generationGraph(model, plan, "")));
}

/** Returns what the adapter's buffers are called by. */
function putAdapter(engine: Engine, model: ModelSpec, adapter: AdapterSpec): string {
  const prefix = `${adapter.directory}/`;
  for (const parameter of loraParameters(adapter)) {
    const name = prefix + parameter.name;
    if (!engine.has(name)) engine.allocate(name, parameter.shape);
    engine.load(name, loraValues(model, adapter, { parameter, seed: 0 }));
  }
  return prefix;
}

const keysOf = (layer: number): string => `keys.${layer}`;
const valuesOf = (layer: number): string => `values.${layer}`;

function generationGraph(model: ModelSpec, plan: LoraPlan | undefined, prefix: string): Graph {
  const b = new GraphBuilder("generate");
  const ints = (name: string, ...shape: Dim[]): ValueId => b.feed(name, { dtype: "i32", shape });
  const { config } = model;
  const decoder = new Decoder(b, config, plan && { plan, prefix });
  const past = (name: (layer: number) => string): ValueId[] =>
    Array.from({ length: config.layers }, (_, layer) =>
      b.feed(name(layer), { dtype: "f32", shape: ["past", config.kvHeads * config.headSize] }),
    );
  const { hidden, keys, values } = decoder.build({
    ids: ints("ids", "tokens"),
    positions: ints("positions", "tokens"),
    lengths: ints("lengths", "tokens"),
    attend: { limits: ints("limits", "tokens"), chunks: ints("chunks", "chunks", 4) },
    cache: { keys: past(keysOf), values: past(valuesOf), context: "context" },
  });
  b.output("logits", decoder.logits(b.gatherRows(hidden, ints("rows", "rows"))));
  keys.forEach((value, layer) => b.output(keysOf(layer), value));
  values.forEach((value, layer) => b.output(valuesOf(layer), value));
  return b.finish();
}

class CachedGenerator implements Generator {
  readonly #model: ModelSpec;
  readonly #program: Program;
  #cache: Record<string, HostTensor> = {};
  /** What has been read. */
  #ids: number[] = [];

  constructor(model: ModelSpec, program: Program) {
    this.#model = model;
    this.#program = program;
  }

  get length(): number {
    return this.#ids.length;
  }

  prefill(ids: Int32Array): Promise<Float32Array> {
    this.#startOver();
    return this.#read(ids, Int32Array.of(ids.length - 1));
  }

  next(id: number): Promise<Float32Array> {
    if (!this.#turnsLong()) return this.#read(Int32Array.of(id), Int32Array.of(0));
    return this.prefill(Int32Array.from([...this.#ids, id]));
  }

  /** Whether the next token is the one with which all positions turn as those of a long text: what is kept is void then. */
  #turnsLong(): boolean {
    return this.#model.config.attention.some(
      ({ rope }) => rope?.kind === "longrope" && rope.originalPositions === this.length,
    );
  }

  logits(ids: Int32Array): Promise<Float32Array> {
    this.#startOver();
    return this.#read(
      ids,
      ids.map((_, index) => index),
    );
  }

  #startOver(): void {
    const { layers, kvHeads, headSize } = this.#model.config;
    const empty = float(new Float32Array(0), [0, kvHeads * headSize]);
    const names = Array.from({ length: layers }, (_, layer) => [keysOf(layer), valuesOf(layer)]).flat();
    this.#cache = Object.fromEntries(names.map((name) => [name, empty]));
    this.#ids = [];
  }

  async #read(ids: Int32Array, rows: Int32Array): Promise<Float32Array> {
    if (ids.length === 0)
      throw new SiftError("generate-empty", "there is nothing to continue: the prompt has no token");
    const past = this.length;
    checkLength(past + ids.length, this.#model.config);
    const positions = ids.map((_, index) => past + index);
    const chunks = causalChunks(past, ids.length);
    const { logits, ...cache } = await this.#program.run({
      ...this.#cache,
      ids: int(ids),
      positions: int(positions),
      lengths: int(new Int32Array(ids.length).fill(past + ids.length)),
      limits: int(positions),
      chunks: int(chunks, [chunks.length / 4, 4]),
      rows: int(rows),
    });
    this.#cache = cache;
    this.#ids.push(...ids);
    if (!(logits?.data instanceof Float32Array)) throw new SiftError("engine-output", "no logits came back");
    return logits.data;
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }
}
