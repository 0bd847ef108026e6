import type { EncodeSettings } from "#shared/contract/text.ts";
import { SiftError, toErrorReport, type ErrorReport } from "#shared/errors.ts";
import {
  parseRowText,
  ProofAccumulator,
  type EncodedRow,
  type FindingClass,
  type ParsedRow,
} from "#shared/text/index.ts";
import { openCoder, type EncodedAll, type RowCoder } from "../text/encoding.ts";
import { applyReview } from "./effective.ts";
import type { EncodedPiece, EncodeSpec, ThreadResult, ThreadRow } from "./thread-protocol.ts";

/** Classes that stop a run: it would train nothing, the wrong thing, or not all of what it was given. */
const BLOCKING: ReadonlySet<FindingClass> = new Set([
  "no-scored-token",
  "untrained-end-of-turn",
  "role-leak",
  "everything-scored",
  "unencodable",
]);

/** Encodes batches of rows and judges each: what a thread of the pool does. */
export class BatchEncoder {
  readonly #coder: RowCoder;
  readonly #want: EncodeSpec["want"];
  readonly #cutsByChoice: boolean;

  /** @throws SiftError of the template, the tokenizer or the model folder */
  constructor({ settings, want }: EncodeSpec) {
    this.#coder = openCoder(countingCuts(settings));
    this.#want = want;
    this.#cutsByChoice = settings.overLength !== undefined && settings.overLength !== "error";
  }

  encode(rows: readonly ThreadRow[]): ThreadResult {
    const batch = new BatchResult(this.#coder, this.#cutsByChoice);
    for (const row of rows) this.#encodeRow(row, batch);
    return batch.result(this.#want);
  }

  #encodeRow(row: ThreadRow, batch: BatchResult): void {
    try {
      const parsed = applyReview(parseRowText(row.raw), row.review);
      const encoded = this.#coder.encodeAll(parsed, row.index);
      // serving is asked for the whole conversation, so that the comparison is worth its second rendering in a proof only
      const differs = (piece: EncodedRow): boolean =>
        this.#want === "facts" && (this.#coder.encoder?.prefixDiffers(parsed, piece) ?? false);
      batch.add(row, parsed, { encoded, differs });
    } catch (error) {
      if (!(error instanceof SiftError)) throw error;
      batch.fail(row, toErrorReport(error));
    }
  }
}

/** A row that is too long under `error` is cut and counted: the class then says how many there are, instead of the first one only. */
function countingCuts(settings: EncodeSettings): EncodeSettings {
  const counts = settings.maxLength !== undefined && (settings.overLength ?? "error") === "error";
  return counts ? { ...settings, overLength: "truncate" } : settings;
}

class BatchResult {
  readonly #accumulator: ProofAccumulator;
  readonly #cutsByChoice: boolean;
  readonly #pieces: EncodedPiece[] = [];
  readonly #blocking = new Map<string, number>();
  #longest = 0;
  #rendered = 0;
  #firstError: ErrorReport | null = null;

  constructor(coder: RowCoder, cutsByChoice: boolean) {
    const { encoder } = coder;
    this.#cutsByChoice = cutsByChoice;
    this.#accumulator = new ProofAccumulator({
      tokenizer: encoder?.tokenizer,
      mask: encoder?.mask ?? "assistant",
      stopIds: encoder?.stopIds ?? [],
    });
  }

  add(row: ThreadRow, parsed: ParsedRow, made: { encoded: EncodedAll; differs: (piece: EncodedRow) => boolean }): void {
    const { rows: pieces, facts } = made.encoded;
    if (parsed.kind === "conversation") this.#rendered += 1;
    for (const piece of pieces) {
      const { ids, labels, weights } = piece;
      const classes = this.#accumulator.add(row.index, { encoded: piece, facts, prefixDiffers: made.differs(piece) });
      this.#block(classes, pieces.length > 1);
      this.#longest = Math.max(this.#longest, ids.length);
      this.#pieces.push({ index: row.index, rowId: row.rowId, ids, labels, weights });
    }
  }

  fail(row: ThreadRow, error: ErrorReport): void {
    this.#accumulator.addUnencodable(row.index);
    this.#firstError ??= error;
    this.#count("unencodable");
  }

  result(want: EncodeSpec["want"]): ThreadResult {
    return {
      pieces: want === "arrays" ? this.#pieces : [],
      report: this.#accumulator.report(),
      longest: this.#longest,
      rendered: this.#rendered,
      blocking: Object.fromEntries(this.#blocking),
      firstError: this.#firstError,
    };
  }

  /** Where cutting or splitting was chosen, a piece without its end is what was asked for. */
  #block(classes: readonly FindingClass[], isSplit: boolean): void {
    const cut = classes.includes("truncated");
    for (const name of classes) {
      const chosen = this.#cutsByChoice && (cut || isSplit) && name === "untrained-end-of-turn";
      if (BLOCKING.has(name) && !chosen) this.#count(name);
    }
    if (cut && !this.#cutsByChoice) this.#count("truncated");
  }

  #count(name: string): void {
    this.#blocking.set(name, (this.#blocking.get(name) ?? 0) + 1);
  }
}
