import * as v from "valibot";
import { id, path, read } from "./common.ts";
import { modelShape } from "./models.ts";

/** What is known about what a model costs to train on this machine. */
export const modelCosts = v.object({
  /** Null where config.json or the weight files do not say it. */
  shape: v.nullable(modelShape),
  /** The newest run that trained this model here to its end. */
  measured: v.nullable(
    v.object({
      runId: id,
      name: v.string(),
      maxLength: v.number(),
      finetuningType: v.string(),
      tokensPerSecond: v.number(),
      peakMemoryBytes: v.number(),
    }),
  ),
});
export type ModelCosts = v.InferOutput<typeof modelCosts>;

export const costsContract = {
  ofModel: read.input(v.object({ modelPath: path })).output(modelCosts),
};
