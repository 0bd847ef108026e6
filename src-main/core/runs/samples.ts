import type { RunConfig } from "#shared/config/index.ts";
import type { RunSample } from "#shared/contract/runs.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import type { Run } from "../store/runs.ts";
import type { Store } from "../store/index.ts";
import { openCoder } from "../text/encoding.ts";

/** Ids of every prompt as a user's message, up to where the assistant begins. @throws SiftError `sample-prompts` without a template */
export function samplePromptIds(config: RunConfig, settings: EncodeSettings | null): number[][] {
  if (config.sample_prompts.length === 0) return [];
  const encoder = settings && openCoder(settings).encoder;
  if (!encoder) {
    throw new SiftError("sample-prompts", "sample_prompts need a model with a tokenizer and a template", {
      where: { what: "sample_prompts" },
      remedy: "leave sample_prompts out, or use a model folder with its tokenizer",
    });
  }
  return config.sample_prompts.map((content) => encoder.renderPrompt([{ role: "user", content }]).ids);
}

/** The text of what a run's model wrote; undefined where its tokenizer is not there. */
export function sampleDecoder(settings: EncodeSettings | null): ((ids: readonly number[]) => string) | undefined {
  const encoder = settings && openCoder(settings).encoder;
  return encoder ? (ids) => encoder.tokenizer.decode(ids) : undefined;
}

/** The answers to a run's prompts, step by step; a step that a resumed run made again counts once. */
export function runSamples(store: Store, run: Run): RunSample[] {
  const prompts = store.runs.config(run.id).find(({ key }) => key === "sample_prompts")?.value;
  const texts = Array.isArray(prompts) ? prompts : [];
  const found = new Map<string, RunSample>();
  for (const event of store.progress.eventsOfType(run.id, "sample")) {
    const { step, prompt, ids, stopped, text } = event;
    if (step > run.step) continue;
    const sample = { step, prompt: texts[prompt] ?? "", text: text ?? null, tokens: ids.length, stopped };
    found.set(`${step}/${prompt}`, sample);
  }
  return [...found.values()].sort((a, b) => a.step - b.step);
}
