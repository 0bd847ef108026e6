import { join } from "node:path";
import type { RunEvent } from "#shared/contract/runs.ts";
import { repositoryRoot } from "../../shared.ts";
import type { CoreClient } from "./helpers.ts";

/** The reference model with its pre-tokenised rows. */
export const reference = join(repositoryRoot, "test", "oracles", "training", "qwen2");

/** Events of a run from its beginning to its end. */
export async function eventsOf(client: CoreClient, runId: string): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of await client.runs.watch({ runId, afterSequence: 0 })) events.push(event);
  return events;
}

/** A configuration that trains the reference model for a few steps. */
export function layersFor(outputDir: string, values: Record<string, unknown> = {}) {
  const base = {
    model_name_or_path: join(reference, "model"),
    train_files: [join(reference, "data.jsonl")],
    output_dir: outputDir,
    max_steps: 6,
    save_steps: 2,
    packing: false,
    shuffle: false,
  };
  return [{ source: "flag" as const, values: { ...base, ...values } }];
}
