import { createHash } from "node:crypto";
import { UNREVIEWED, type ReviewState } from "../store/reviews.ts";

/** Content hash of a row's raw text. */
export const contentHash = (raw: string): Buffer => createHash("sha256").update(raw).digest();

/** Hexadecimal digits of the content hash in a row's identity (80 bits). */
const IDENTITY_DIGITS = 20;

/** A row's identity: its content, and the how-manieth of equal rows it is. */
export function rowIdentity(hash: Uint8Array, earlier: number): string {
  const content = Buffer.from(hash).toString("hex").slice(0, IDENTITY_DIGITS);
  return earlier === 0 ? content : `${content}-${earlier}`;
}

/** The part of an identity that equal rows share. */
export const contentOfIdentity = (rowId: string): string => rowId.split("-", 1)[0] ?? rowId;

/** A row that was rejected is left out of training. */
export const isExcluded = (review: ReviewState): boolean => review.verdict === "rejected";

/**
 * Hash of what is trained on: the rows that are not rejected, in order, with their edits, paint and rejected turns.
 * The same rows from a file and from a dataset give the same hash; an undone decision leaves no trace in it.
 */
export class DataHash {
  readonly #hash = createHash("sha256");

  add(content: Uint8Array, review: ReviewState = UNREVIEWED): void {
    this.#hash.update(content);
    const turns = Object.entries(review.turnVerdicts).filter(([, verdict]) => verdict === "rejected");
    const edits = Object.entries(review.edits);
    const spans = Object.entries(review.spans);
    if (turns.length + edits.length + spans.length === 0) return;
    const paint = spans.length === 0 ? [] : [sorted(spans)];
    this.#hash.update(JSON.stringify([sorted(turns), sorted(edits), ...paint]));
  }

  digest(): string {
    return this.#hash.digest("hex");
  }
}

const sorted = <V>(entries: [string, V][]): [string, V][] => entries.toSorted(([a], [b]) => Number(a) - Number(b));
