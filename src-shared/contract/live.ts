import * as v from "valibot";
import { hash, path, read } from "./common.ts";

/** What a page needs of a model folder to encode rows itself: the files as text, so that both sides parse them alike. */
export const liveModel = v.object({
  /** Null where the folder has no tokenizer. */
  tokenizer: v.nullable(
    v.object({
      hash,
      /** Null where the asker has this hash already. `config` holds special_tokens_map.json too, as core merges it. */
      files: v.nullable(v.object({ tokenizer: v.string(), config: v.string() })),
    }),
  ),
  ownTemplate: v.nullable(v.string()),
  vocabularySize: v.nullable(v.number()),
});
export type LiveModel = v.InferOutput<typeof liveModel>;

export const liveContract = {
  /** `live-too-large` where the files are too large to send. `ownTemplate` false: the model's own template is not needed. */
  model: read
    .input(
      v.object({
        modelPath: path,
        ownTemplate: v.boolean(),
        templateName: v.exactOptional(v.string()),
        known: v.optional(hash),
      }),
    )
    .output(liveModel),
};
