/** Classes of findings of the whole-dataset proof (DESIGN 5), in the order in which they are reported. */
export const FINDING_CLASSES = [
  "no-scored-token", // nothing is trained: no position is a target
  "untrained-end-of-turn", // a trained answer does not end with a trained end-of-turn token
  "role-leak", // a token of a role that the mask policy does not name is trained
  "everything-scored", // every token is trained although the policy is not `all`
  "text-mismatch", // the tokens stand for another text than the one rendered, or the template made another text of an answer
  "bos", // the begin-of-text token is missing, doubled, or inside the row
  "doubled-eos", // an end token follows itself
  "special-token-in-content", // a message's content holds a special token
  "prefix-differs", // what serving would give the model is not a prefix of what is trained
  "truncated", // the end was cut at max_length
  "unencodable", // the row has no encoding at all
] as const;
/** Name of a class, as the command line prints it. */
export type FindingClass = (typeof FINDING_CLASSES)[number];

/** What can be done about a class: one setting is changed, or its rows are left out. */
export const REPAIRS = [
  "train-ends",
  "default-mask",
  "own-template",
  "split-turns",
  "plain-specials",
  "max-length",
  "exclude-rows",
] as const;
export type RepairName = (typeof REPAIRS)[number];

/** The default repair of a class: the first that would change anything under the settings. Its rows can always be left out. */
export const DEFAULT_REPAIRS: Readonly<Record<FindingClass, readonly RepairName[]>> = {
  "no-scored-token": ["exclude-rows"],
  "untrained-end-of-turn": ["train-ends", "own-template", "exclude-rows"],
  "role-leak": ["default-mask", "exclude-rows"],
  "everything-scored": ["default-mask", "exclude-rows"],
  "text-mismatch": ["own-template", "exclude-rows"],
  bos: ["own-template", "exclude-rows"],
  "doubled-eos": ["own-template", "exclude-rows"],
  "special-token-in-content": ["plain-specials", "exclude-rows"],
  "prefix-differs": ["split-turns", "exclude-rows"],
  truncated: ["max-length", "exclude-rows"],
  unencodable: ["exclude-rows"],
};

/** What it means for a row to be in a class, in English; the interface has its own words. */
export const FINDING_MEANINGS: Readonly<Record<FindingClass, string>> = {
  "no-scored-token": "Nothing is trained: no position is a target.",
  "untrained-end-of-turn": "A trained answer does not end with a trained end-of-turn token.",
  "role-leak": "A token of a role that the mask does not name is trained.",
  "everything-scored": "Every token is trained although the mask is not `all`.",
  "text-mismatch":
    "The tokens stand for another text than the one rendered, or the template makes another text of an answer.",
  bos: "The begin-of-text token is missing, doubled, or inside the row.",
  "doubled-eos": "An end token follows itself.",
  "special-token-in-content": "A message's content holds a special token.",
  "prefix-differs": "What serving would give the model is not a prefix of what is trained.",
  truncated: "The end was cut at max_length.",
  unencodable: "The row has no encoding at all.",
};
