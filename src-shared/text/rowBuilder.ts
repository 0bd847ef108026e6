import { type EncodedRow, IGNORE, type Reason, REASONS } from "./types.ts";

/** Index of each reason in REASONS. */
export const REASON: Readonly<Record<Reason, number>> = Object.fromEntries(
  REASONS.map((reason, i) => [reason, i]),
) as Record<Reason, number>;

/** What is decided for one token. */
export interface TokenDecision {
  readonly scored: boolean;
  readonly weight: number;
  readonly reason: Reason;
  readonly message: number;
  /** The options' rule that decided it, from 1. */
  readonly rule?: number;
}

/** A copy of a typed array is a block copy; made from anything else it is an element at a time. */
const copied = (values: ArrayLike<number>): Int32Array =>
  values instanceof Int32Array ? values.slice() : Int32Array.from(values);

/** Ids, label and weight of a position are put together here and nowhere else. */
export function buildRow(
  tokens: {
    readonly ids: ArrayLike<number>;
    readonly starts: ArrayLike<number>;
    readonly ends: ArrayLike<number>;
  },
  text: string,
  decide: (index: number) => TokenDecision,
): EncodedRow {
  const length = tokens.ids.length;
  const row: EncodedRow = {
    ids: copied(tokens.ids),
    labels: new Int32Array(length).fill(IGNORE),
    weights: new Float32Array(length),
    starts: copied(tokens.starts),
    ends: copied(tokens.ends),
    reasons: new Uint8Array(length),
    messages: new Int16Array(length),
    text,
    truncatedTokens: 0,
  };
  let rules: Uint8Array | undefined;
  for (let i = 0; i < length; i++) {
    const { scored, weight, reason, message, rule = 0 } = decide(i);
    const counts = scored && weight > 0;
    if (counts) {
      row.labels[i] = tokens.ids[i] ?? IGNORE;
      row.weights[i] = weight;
    }
    row.reasons[i] = REASON[scored && !counts ? "weight-zero" : reason];
    row.messages[i] = message;
    if (rule > 0) (rules ??= new Uint8Array(length))[i] = rule;
  }
  return rules ? { ...row, rules } : row;
}
