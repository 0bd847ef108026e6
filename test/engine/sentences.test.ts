import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { describe, expect, test } from "vitest";
import { sharedPath } from "../shared.ts";
import { OrtEngine } from "#worker/engines/ort/engine.ts";
import { createGenerator } from "#worker/generate/generator.ts";
import { loadModel } from "#worker/models/folder.ts";
import { createTrainer } from "#worker/train/step.ts";
import { microBatch } from "./training.ts";

/** Real models: one whose file holds only lm_head, two whose file holds only the embedding. */

const SENTENCE =
  "Once upon a time, there was a little girl named Lily. She loved to play outside in the park with her dog.";
const MODELS = [
  { name: "TinyStories-656K", tokens: 16, loss: 3.544545 },
  { name: "stories260K-hf", tokens: 36, loss: 0.310933 },
] as const;

function tokenize(folder: string): number[] {
  const json = (name: string): object => JSON.parse(readFileSync(join(folder, name), "utf8")) as object;
  return new Tokenizer(json("tokenizer.json"), json("tokenizer_config.json")).encode(SENTENCE).ids;
}

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };

for (const { name, tokens, loss } of MODELS) {
  const folder = sharedPath("models", name) ?? "";
  describe.skipIf(folder === "")(`${name} (../shared)`, () => {
    test("mean loss of a sentence", async () => {
      const ids = tokenize(folder);
      expect(ids).toHaveLength(tokens);
      const engine = new OrtEngine({ threads: 2 });
      const trainer = await createTrainer({
        engine,
        model: loadModel(folder),
        method: { kind: "full" },
        optimizer,
        seed: 0,
      });
      const { lossSum, weightSum } = await trainer.evaluate([microBatch([{ input_ids: ids, labels: ids }])]);
      expect(weightSum).toBe(tokens - 1);
      expect(Math.abs(lossSum / weightSum - loss)).toBeLessThan(1e-4);
      await engine.dispose();
    });

    test("reading token by token gives the logits of reading all at once", async () => {
      const ids = Int32Array.from(tokenize(folder));
      const engine = new OrtEngine({ threads: 2 });
      const generator = await createGenerator({ engine, model: loadModel(folder) });
      const all = await generator.logits(ids);
      const vocabulary = all.length / ids.length;
      let last = await generator.prefill(ids.subarray(0, 5));
      for (let position = 4; position < ids.length; position++) {
        const wanted = all.subarray(position * vocabulary, (position + 1) * vocabulary);
        const furthest = last.reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted[i] ?? NaN))), 0);
        expect(furthest).toBeLessThan(1e-4);
        if (position + 1 < ids.length) last = await generator.next(ids[position + 1] ?? 0);
      }
      expect(generator.length).toBe(ids.length);
      await engine.dispose();
    });
  });
}
