import * as v from "valibot";

/** Whether a model was tuned to answer (instruct) or only reads on (base), and what says so. */
export const modelKind = v.object({
  kind: v.picklist(["base", "instruct"]),
  hasTemplate: v.boolean(),
  reasons: v.array(
    v.object({
      code: v.picklist(["template", "no-template", "stops-at-turn", "name-instruct", "name-base"]),
      detail: v.string(),
    }),
  ),
});
export type ModelKind = v.InferOutput<typeof modelKind>;

/** What a preset needs of a tokenizer, and how it fits. */
export const presetFit = v.object({
  name: v.string(),
  /** Tokens that the tokenizer lacks; they would have to be added, and their embedding rows trained. */
  missing: v.array(v.string()),
  needs: v.array(v.string()),
  /** The texts that must be one token each, with their ids; null: to be added. `named`: the tokenizer names it (BOS, EOS), or would have to. A newline is not told. */
  tokens: v.array(v.object({ text: v.string(), id: v.nullable(v.number()), named: v.boolean() })),
  /** Whether what is missing can be added: it has texts, and is not a token that the tokenizer would have to name. */
  addable: v.boolean(),
  /** Where generation will stop; null where the preset cannot be used. */
  endOfTurn: v.nullable(v.object({ text: v.string(), id: v.number() })),
  /** The end of a turn is not the token that ends documents, so that the model has to learn to stop at it. */
  newEnd: v.boolean(),
  recommended: v.boolean(),
});
export type PresetFit = v.InferOutput<typeof presetFit>;

/** A stretch of text in which a chosen template departs from the model's own. */
export const departureChange = v.object({
  what: v.picklist(["roles", "stop", "system", "text"]),
  own: v.string(),
  chosen: v.string(),
});
/** How a chosen template departs from the model's own, on a sample conversation rendered under both. */
export const departure = v.object({
  own: v.string(),
  chosen: v.string(),
  message: v.string(),
  /** Empty where the two could not be compared. */
  changes: v.array(departureChange),
});

/** Classes of findings about a proof's settings, beside those about its rows. */
export const SETTINGS_CLASSES = ["template-departs"] as const;

/** A finding about settings: it stops nothing, and one repair undoes it. */
export const settingsFinding = v.object({
  class: v.picklist(SETTINGS_CLASSES),
  ...departure.entries,
  repair: v.picklist(["use-own-template"]),
});
export type SettingsFinding = v.InferOutput<typeof settingsFinding>;
export type DepartureChange = v.InferOutput<typeof departureChange>;
