import type { SettingsFinding } from "#shared/contract/adapting.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import type { ErrorReport } from "#shared/errors.ts";
import type { FindingClass, FindingExample, LengthProfile, ProofReport, TrainedShare } from "#shared/text/index.ts";
import type { CacheSpec } from "./encoded-cache.ts";
import type { ReviewState } from "../store/reviews.ts";

/** What the threads of a pool are started with. */
export interface EncodeSpec {
  readonly settings: EncodeSettings;
  /**
   * `arrays`: encoded rows come back, for a snapshot. `facts`: only what the proof counts. `lines`: each row as `sift encode`
   * prints it. `columns`: each row's arrays, for a file of another format.
   */
  readonly want: keyof ResultOf;
  /** Rows that came tokenised are judged as `sift audit` judges them; what that finds stops no run. */
  readonly audit?: boolean;
  /** Tokenised rows are looked for there, and put there; for arrays and facts only. */
  readonly cache?: CacheSpec | undefined;
}

/** What a batch becomes. */
export interface ResultOf {
  readonly arrays: ThreadResult;
  readonly facts: ThreadResult;
  readonly lines: RowsResult;
  readonly columns: RowsResult;
}

export interface ThreadRow {
  readonly index: number;
  readonly rowId: string;
  readonly raw: string;
  readonly review: ReviewState;
  /** Why the file has no row here; `raw` is then empty. */
  readonly error?: ErrorReport;
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
  /** Rows by class that are in it because the settings ask for that: no end of turn is trained, say. */
  readonly chosen: Readonly<Record<string, number>>;
  /** Of each class that was found, the first rows with the place; none unless facts were wanted. */
  readonly examples: Readonly<Partial<Record<FindingClass, readonly FindingExample[]>>>;
  readonly lengths: LengthProfile;
  /** Each piece that trains as three numbers: position, tokens, supervised tokens; none unless facts were wanted. */
  readonly lengthsOfPieces: Int32Array;
  /** All rows of each class, ascending; none unless facts were wanted. */
  readonly members: Readonly<Partial<Record<FindingClass, readonly number[]>>>;
  /** Rows of which the least is trained; none unless facts were wanted. */
  readonly leastTrained: readonly TrainedShare[];
  /** Why the first row of the batch that has no encoding has none. */
  readonly firstError: ErrorReport | null;
  /** About the settings, whatever the rows: with the first batch of a thread that renders any, where facts were wanted. */
  readonly settingsFindings?: readonly SettingsFinding[];
}

/** A notice's code with the rows it is about: how many, and the first of them. */
export interface NoticeCount {
  readonly code: string;
  readonly count: number;
  readonly rows: readonly number[];
}
export interface RowsResult {
  /** JSON Lines; empty unless lines were wanted. */
  readonly lines: string;
  /** Empty unless columns were wanted; rows without an encoding are in `errors`. */
  readonly columns: readonly Pick<EncodedPiece, "ids" | "labels" | "weights">[];
  readonly errors: readonly { readonly row: number; readonly message: string }[];
  readonly failed: number;
  readonly notices: readonly NoticeCount[];
}
export type ThreadReply =
  | { readonly type: "result"; readonly id: number; readonly result: ResultOf[keyof ResultOf] }
  | { readonly type: "failed"; readonly error: ErrorReport };
