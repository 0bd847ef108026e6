import type { RunConfig } from "#shared/config/index.ts";
import type { TrainJob, WorkerEvent } from "#shared/worker/protocol.ts";
import { continuePrompt } from "#worker/generate/continue.ts";
import type { Generator } from "#worker/generate/generator.ts";
import { randomStream } from "./random.ts";

type SampleEvent = Extract<WorkerEvent, { type: "sample" }>;

export interface SampleParts {
  readonly job: Pick<TrainJob, "samplePrompts" | "template">;
  readonly config: Pick<RunConfig, "seed" | "sample_max_new_tokens" | "sample_temperature">;
  readonly openGenerator: () => Promise<Generator>;
  readonly cancelled: () => boolean;
}

/** Answers the same prompts again and again while a model trains. Draws from streams of their own, so that nothing else moves. */
export class Samples {
  readonly #parts: SampleParts;
  readonly #prompts: readonly (readonly number[])[];
  #generator: Generator | undefined;

  constructor(parts: SampleParts) {
    this.#parts = parts;
    this.#prompts = parts.job.samplePrompts ?? [];
  }

  get count(): number {
    return this.#prompts.length;
  }

  /** Answers every prompt with the weights as they are now. */
  async *answer(step: number): AsyncGenerator<SampleEvent> {
    const { config, job, openGenerator, cancelled } = this.#parts;
    this.#generator ??= await openGenerator();
    for (const [prompt, promptIds] of this.#prompts.entries()) {
      if (cancelled()) return;
      const answer = await continuePrompt(this.#generator, {
        promptIds,
        stopIds: job.template.stopIds,
        maxNewTokens: config.sample_max_new_tokens,
        temperature: config.sample_temperature,
        topP: 1,
        random: randomStream(config.seed, "samples", step, prompt),
        cancelled,
      });
      yield { type: "sample", step, prompt, ...answer };
    }
  }

  async dispose(): Promise<void> {
    await this.#generator?.dispose();
  }
}
