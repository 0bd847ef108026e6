import { LOGIT_BYTES } from "#shared/config/index.ts";
import { GraphBuilder } from "#worker/graph/builder.ts";
import type { RunSizes } from "#worker/graph/flops.ts";
import { gradients } from "#worker/graph/gradients.ts";
import type { Dim, Graph, ValueId } from "#worker/graph/ops.ts";
import { float, int, type HostTensor } from "#worker/engines/engine.ts";
import { Decoder } from "#worker/models/decoder.ts";
import type { ModelSpec } from "#worker/models/folder.ts";
import { documentLengths, type Layout, type MicroBatch } from "#worker/models/layout.ts";
import type { LoraPlan } from "#worker/models/lora.ts";
import type { Parameter } from "#worker/models/parameters.ts";
import { gradientBuffer } from "./adamw.ts";

const rowsPerChunk = (vocabularySize: number): number =>
  Math.min(4096, Math.max(32, Math.floor(LOGIT_BYTES / (4 * vocabularySize))));

export interface LossGraphOptions {
  readonly model: ModelSpec;
  readonly lora?: LoraPlan;
  /** Parameters whose gradients are added to their buffers; none for an evaluation. */
  readonly trained: readonly Parameter[];
  /** Keeps a layer's input only and computes the layer again in the backward pass. */
  readonly recompute?: boolean;
  /** Takes `noise` [tokens, hidden] that is added to the embeddings. */
  readonly noise?: boolean;
}

/**
 * `loss` = Σ weight · token loss of one micro-batch, as a function of the weights; with `trained`, its gradients are
 * added to their buffers. One graph serves every length: tokens, chunks and scored rows are symbolic.
 */
export function lossGraph({ model, lora, trained, recompute = false, noise = false }: LossGraphOptions): Graph {
  const b = new GraphBuilder(trained.length > 0 ? "gradients" : "evaluate");
  const ints = (name: string, ...shape: Dim[]): ValueId => b.feed(name, { dtype: "i32", shape });
  const drops = lora !== undefined && lora.dropout > 0 && trained.length > 0;
  const adaptation = lora && { plan: lora, ...(drops ? { dropoutSeed: ints("dropout_seed", 2) } : {}) };
  const decoder = new Decoder(b, model.config, adaptation);
  const rows = ints("rows", "scored");
  const { hidden } = decoder.build({
    ids: ints("ids", "tokens"),
    positions: ints("positions", "tokens"),
    lengths: ints("lengths", "tokens"),
    ...(noise ? { noise: b.feed("noise", { dtype: "f32", shape: ["tokens", model.config.hiddenSize] }) } : {}),
    attend: { limits: ints("limits", "tokens"), chunks: ints("chunks", "chunks", 4) },
    wanted: { rows, attend: { limits: rows, chunks: ints("row_chunks", "row_chunks", 4) } },
  });
  const labels = ints("targets", "scored");
  const weights = b.feed("target_weights", { dtype: "f32", shape: ["scored"] });
  const { vocabularySize, logitsSoftcap: softcap } = model.config;
  const shape = { chunk: rowsPerChunk(vocabularySize), ...(softcap === undefined ? {} : { softcap }) };
  const loss = b.crossEntropy({ hidden, table: decoder.head, labels, weights }, shape);
  b.output("loss", loss);
  if (trained.length > 0) addGradients(b, loss, { trained, recompute });
  return b.finish();
}

function addGradients(
  b: GraphBuilder,
  loss: ValueId,
  options: { trained: readonly Parameter[]; recompute: boolean },
): void {
  const { trained, recompute } = options;
  const values = trained.map(({ name, shape }) => b.buffer(name, shape));
  gradients(b, loss, values, { recompute }).forEach((gradient, index) => {
    const parameter = trained[index];
    if (!parameter) return;
    const buffer = gradientBuffer(parameter.name);
    b.output(buffer, b.add(b.buffer(buffer, parameter.shape), gradient), buffer);
  });
}

/** Feeds of one run; weights are divided by `weightSum`, the whole step's. */
export function lossFeeds(batch: MicroBatch, layout: Layout, weightSum: number): Record<string, HostTensor> {
  const chunks = (values: Int32Array): HostTensor => int(values, [values.length / 4, 4]);
  return {
    ids: int(batch.ids),
    ...(batch.noise ? { noise: float(batch.noise, [layout.tokens, batch.noise.length / layout.tokens]) } : {}),
    positions: int(batch.positions),
    lengths: int(documentLengths(batch)),
    limits: int(layout.limits),
    chunks: chunks(layout.chunks),
    rows: int(layout.rows),
    row_chunks: chunks(layout.rowChunks),
    targets: int(layout.targets),
    target_weights: float(layout.targetWeights.map((weight) => weight / weightSum)),
  };
}

/** What the work of one run of the graph depends on. */
export function sizesOf({ tokens, scored, chunks, rowChunks }: Layout): RunSizes {
  return { dims: { tokens, scored }, pairs: { chunks: pairsOf(chunks), row_chunks: pairsOf(rowChunks) } };
}

function pairsOf(chunks: Int32Array): number {
  let pairs = 0;
  for (let at = 0; at < chunks.length; at += 4) {
    const [from = 0, to = 0, first = 0, end = 0] = chunks.subarray(at, at + 4);
    pairs += (to - from) * (end - first);
  }
  return pairs;
}
