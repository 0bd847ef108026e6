import * as v from "valibot";

/** What a template made of a message's text: AuthorLoss of text/authors.ts. */
export const authorLoss = v.object({
  operation: v.string(),
  line: v.number(),
  column: v.number(),
  message: v.number(),
  field: v.picklist(["template", "role", "content", "reasoning", "tool_calls", "other"]),
});
export type AuthorLoss = v.InferOutput<typeof authorLoss>;

/** Where a row is in a class of findings: FindingExample of text/examples.ts. */
export const findingExample = v.object({
  row: v.number(),
  position: v.number(),
  before: v.string(),
  marked: v.string(),
  after: v.string(),
  instead: v.exactOptional(v.string()),
  loss: v.exactOptional(authorLoss),
});
export type FindingExample = v.InferOutput<typeof findingExample>;

const keptTokens = v.object({ tokens: v.array(v.number()), supervised: v.array(v.number()) });

/** LengthProfile of text/lengthProfile.ts. */
export const lengthProfile = v.object({
  rows: v.array(v.number()),
  supervised: v.array(v.number()),
  tokens: v.array(v.number()),
  policies: v.optional(
    v.object({
      supervisedOf: v.array(v.number()),
      turnRows: v.array(v.number()),
      turnTokens: v.array(v.number()),
      wholeTurns: keptTokens,
      oldestTurns: keptTokens,
    }),
  ),
});

/** Rows of one class. */
export const finding = v.object({
  class: v.string(),
  count: v.number(),
  rows: v.array(v.number()),
  /** The settings ask for it: it is counted, and stands in no one's way. */
  byChoice: v.exactOptional(v.boolean()),
  /** At most two; proofs of an earlier version have none. */
  examples: v.optional(v.array(findingExample), []),
});
