import * as v from "valibot";

/** What a few real steps took on this machine, thrown away afterwards; seconds and bytes. */
export const measurement = v.object({
  /** Reading the model and compiling. */
  loadSeconds: v.number(),
  secondsPerToken: v.number(),
  evaluationSecondsPerToken: v.number(),
  /** Of the largest micro-batch that was stepped with. */
  tokens: v.number(),
  peakMemoryBytes: v.number(),
  checkpointBytes: v.number(),
  resultBytes: v.number(),
});
export type Measurement = v.InferOutput<typeof measurement>;

/** What a run will take, told before it starts. */
export const forecast = v.object({
  /** From the model's shape, or from steps that were made. */
  basis: v.picklist(["estimate", "measured"]),
  memoryBytes: v.number(),
  /** Where it is an estimate: bytes by what they hold. */
  parts: v.nullable(
    v.object({
      weights: v.number(),
      training: v.number(),
      activations: v.number(),
      working: v.number(),
      program: v.number(),
    }),
  ),
  /** Null until steps were measured or the number of tokens is known. */
  seconds: v.nullable(v.number()),
  /** Of all checkpoints that stay and the result, and with the one that is being written. */
  diskBytes: v.number(),
  mostDiskBytes: v.number(),
});
export type Forecast = v.InferOutput<typeof forecast>;

/** Memory and disk that are free now. */
export const room = v.object({ memoryBytes: v.number(), diskBytes: v.nullable(v.number()) });
