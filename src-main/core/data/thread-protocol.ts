import type { EncodeSettings } from "#shared/contract/text.ts";
import type { ErrorReport } from "#shared/errors.ts";
import type { ProofReport } from "#shared/text/index.ts";
import type { ReviewState } from "../store/reviews.ts";

/** What the threads of a pool are started with. */
export interface EncodeSpec {
  readonly settings: EncodeSettings;
  /** `arrays`: encoded rows come back, for a snapshot. `facts`: only what the proof counts. */
  readonly want: "arrays" | "facts";
}

export interface ThreadRow {
  readonly index: number;
  readonly rowId: string;
  readonly raw: string;
  readonly review: ReviewState;
}
export interface ThreadRequest {
  readonly id: number;
  readonly rows: readonly ThreadRow[];
}

/** A row of a snapshot: one row of the data, or a piece of it under `over_length: split`. */
export interface EncodedPiece {
  readonly index: number;
  readonly rowId: string;
  readonly ids: Int32Array;
  readonly labels: Int32Array;
  readonly weights: Float32Array;
}

export interface ThreadResult {
  readonly pieces: readonly EncodedPiece[];
  readonly report: ProofReport;
  readonly longest: number;
  /** Rows that a template rendered: neither documents nor tokenised. */
  readonly rendered: number;
  /** Rows by class that stop a run unless they are waived. */
  readonly blocking: Readonly<Record<string, number>>;
  /** Why the first row of the batch that has no encoding has none. */
  readonly firstError: ErrorReport | null;
}
export type ThreadReply =
  | { readonly type: "result"; readonly id: number; readonly result: ThreadResult }
  | { readonly type: "failed"; readonly error: ErrorReport };
