import type { ModelCosts } from "#shared/contract/costs.ts";
import { readModelConfig } from "../models/config.ts";
import { inspectModel } from "../models/inspect.ts";
import type { Store } from "../store/index.ts";
import { tokenRates } from "./speed.ts";

/** What training a model costs: its shape, and what the newest finished run of it was measured at. */
export function modelCosts(store: Store, modelPath: string): ModelCosts {
  readModelConfig(modelPath); // a folder that is no model is an error, not a model of unknown shape
  return { shape: inspectModel(modelPath, "folder").shape, measured: measuredOf(store, modelPath) };
}

function measuredOf(store: Store, modelPath: string): ModelCosts["measured"] {
  const done = store.runs
    .list()
    .filter((run) => run.state === "done" && run.modelPath === modelPath)
    .sort((a, b) => b.createdAt - a.createdAt);
  for (const run of done) {
    const { tokensPerSecond } = tokenRates(store.progress.totals(run.id, 0));
    const peakMemoryBytes = store.progress.performance(run.id).peakMemoryBytes;
    if (tokensPerSecond === null || !peakMemoryBytes) continue;
    const config = new Map(store.runs.config(run.id).map(({ key, value }) => [key, value]));
    const maxLength = Number(config.get("max_length") ?? 0);
    const finetuningType = String(config.get("finetuning_type") ?? "lora");
    return { runId: run.id, name: run.name, maxLength, finetuningType, tokensPerSecond, peakMemoryBytes };
  }
  return null;
}
