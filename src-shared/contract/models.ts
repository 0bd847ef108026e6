import { eventIterator } from "@orpc/contract";
import * as v from "valibot";
import { empty, errorReport, id, path, procedure, read } from "./common.ts";
import { message } from "./datasets.ts";
import { templateChoice } from "./text.ts";

/** `ModelShape` of src-shared/config. */
export const modelShape = v.object({
  vocabularySize: v.number(),
  hiddenSize: v.number(),
  intermediateSize: v.number(),
  layers: v.number(),
  queryWidth: v.number(),
  keyWidth: v.number(),
  parameters: v.number(),
});

/** `problem` of a folder with a config.json and no weights: it can be trained from scratch all the same. */
export const NO_WEIGHTS = "model-no-weights";

export const modelEntry = v.object({
  path,
  name: v.string(),
  /** Where it was found. */
  source: v.picklist(["sample", "folder", "huggingface", "modelscope"]),
  modelType: v.nullable(v.string()),
  /** From the tensor headers; null where they cannot be read. */
  parameters: v.nullable(v.number()),
  /** What memory and time follow from; null where config.json does not say it. */
  shape: v.nullable(modelShape),
  bytes: v.number(),
  hasTemplate: v.boolean(),
  hasTokenizer: v.boolean(),
  /** Null when Sift can train it. */
  problem: v.nullable(errorReport),
});
export type ModelEntry = v.InferOutput<typeof modelEntry>;

/** An adapter or a model that a run made. */
export const madeModel = v.object({
  runId: id,
  runName: v.string(),
  path,
  baseModelPath: path,
  kind: v.picklist(["adapter", "full"]),
  step: v.number(),
  bytes: v.number(),
});
export type MadeModel = v.InferOutput<typeof madeModel>;

export const chatPane = v.object({
  modelPath: path,
  adapterPath: v.nullable(path),
  /** The run whose template the pane uses; null: `template`. */
  runId: v.nullable(id),
  template: templateChoice,
});
export type ChatPane = v.InferOutput<typeof chatPane>;

export const chatEvent = v.variant("type", [
  /** The exact ids that the model is given. */
  v.object({ type: v.literal("prompt"), pane: v.number(), ids: v.array(v.number()), text: v.string() }),
  v.object({ type: v.literal("text"), pane: v.number(), delta: v.string() }),
  v.object({
    type: v.literal("done"),
    pane: v.number(),
    text: v.string(),
    tokens: v.number(),
    /** The model produced its end-of-turn token by itself. */
    stopped: v.boolean(),
    seconds: v.number(),
  }),
  v.object({ type: v.literal("failed"), pane: v.number(), error: errorReport }),
]);
export type ChatEvent = v.InferOutput<typeof chatEvent>;

/** A copy of a model with more special tokens. */
export const addedTokens = v.object({
  path,
  tokens: v.array(v.object({ content: v.string(), id: v.number() })),
  /** Of its embedding. */
  rows: v.number(),
  /** False where the tokens took spare rows of a padded embedding. */
  resized: v.boolean(),
});
export type AddedTokens = v.InferOutput<typeof addedTokens>;

export const modelsContract = {
  /** Makes a copy of a model with more special tokens, in the data home, and remembers it. */
  addTokens: procedure
    .input(v.object({ path, tokens: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(1000)) }))
    .output(addedTokens),
  list: read.input(empty).output(v.object({ models: v.array(modelEntry), made: v.array(madeModel) })),
  inspect: read.input(v.object({ path })).output(modelEntry),
  /** Remembers a folder outside the caches. */
  add: procedure.input(v.object({ path })).output(modelEntry),
  forget: procedure.input(v.object({ path })).output(v.object({})),
};

export const chatContract = {
  /** All panes answer side by side; cancelling the iterator stops them. */
  send: procedure
    .input(
      v.object({
        panes: v.pipe(v.array(chatPane), v.minLength(1), v.maxLength(4)),
        messages: v.array(message),
        maxNewTokens: v.number(),
        temperature: v.number(),
        seed: v.number(),
      }),
    )
    .output(eventIterator(chatEvent)),
};
