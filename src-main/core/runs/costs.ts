import * as v from "valibot";
import type { ModelCosts } from "#shared/contract/costs.ts";
import { readModelConfig } from "../models/config.ts";
import { inspectModel } from "../models/inspect.ts";
import type { Store } from "../store/index.ts";
import { tokenRates } from "./speed.ts";

/** Names of Hugging Face's config.json. */
const shapeConfig = v.object({
  hidden_size: v.number(),
  intermediate_size: v.number(),
  num_hidden_layers: v.number(),
  num_attention_heads: v.number(),
  num_key_value_heads: v.optional(v.nullable(v.number())),
  head_dim: v.optional(v.nullable(v.number())),
  vocab_size: v.number(),
});

/** What training a model costs: its shape, and what the newest finished run of it was measured at. */
export function modelCosts(store: Store, modelPath: string): ModelCosts {
  return { shape: shapeOf(modelPath), measured: measuredOf(store, modelPath) };
}

function shapeOf(modelPath: string): ModelCosts["shape"] {
  const { parameters } = inspectModel(modelPath, "folder");
  const parsed = v.safeParse(shapeConfig, readModelConfig(modelPath));
  if (!parsed.success || parameters === null) return null;
  const config = parsed.output;
  const heads = config.num_attention_heads;
  const features = config.head_dim ?? config.hidden_size / heads;
  return {
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    queryWidth: heads * features,
    keyWidth: (config.num_key_value_heads ?? heads) * features,
    parameters,
  };
}

function measuredOf(store: Store, modelPath: string): ModelCosts["measured"] {
  const done = store.runs
    .list()
    .filter((run) => run.state === "done" && run.modelPath === modelPath)
    .sort((a, b) => b.createdAt - a.createdAt);
  for (const run of done) {
    const { tokensPerSecond } = tokenRates(store.progress.totals(run.id, 0));
    const peakMemoryBytes = store.progress.peakMemory(run.id);
    if (tokensPerSecond === null || peakMemoryBytes === 0) continue;
    const config = new Map(store.runs.config(run.id).map(({ key, value }) => [key, value]));
    const maxLength = Number(config.get("max_length") ?? 0);
    const finetuningType = String(config.get("finetuning_type") ?? "lora");
    return { runId: run.id, name: run.name, maxLength, finetuningType, tokensPerSecond, peakMemoryBytes };
  }
  return null;
}
