import { toErrorReport } from "#shared/errors.ts";
import {
  encodePretokenized,
  ProofAccumulator,
  TurnFinder,
  type Inspected,
  type PretokenizedRow,
  type ProofReport,
  type RowEncoder,
} from "#shared/text/index.ts";
import type { SourceComparer, SourceComparison } from "./compare.ts";
import { preparedRows } from "./rows.ts";

/** The proof's report on a prepared set, with why rows have no encoding, and what differs from Sift's own where a source is given. */
export interface AuditReport extends ProofReport {
  /** Why the first rows that cannot be read cannot. */
  readonly unreadable: readonly { readonly row: number; readonly error: string }[];
  readonly source?: SourceComparison;
}

export interface AuditOptions {
  readonly split?: string | undefined;
  readonly comparer?: SourceComparer | undefined;
  readonly onRow?: (rows: number) => void;
}

const MAX_UNREADABLE = 20;

/**
 * Judges a set that another trainer prepared as if it were about to be trained.
 * @throws SiftError of the folder and its files
 */
export async function auditSet(path: string, encoder: RowEncoder, options: AuditOptions = {}): Promise<AuditReport> {
  const { tokenizer, stopIds, generationPrompt, endOfTurn } = encoder;
  const turns = TurnFinder.of(tokenizer, { generationPrompt, endOfTurn }, stopIds);
  const proof = new ProofAccumulator({ tokenizer, mask: "assistant", stopIds, audit: true, turns });
  const unreadable: { row: number; error: string }[] = [];
  const inspected = (document: PretokenizedRow): Inspected => {
    const { encoded, facts } = encodePretokenized(document, tokenizer.vocabularySize);
    return { encoded, facts };
  };
  let done = 0;
  for await (const item of preparedRows(path, options.split)) {
    const fail = (error: string): void => {
      proof.addUnencodable(item.row);
      if (unreadable.length < MAX_UNREADABLE) unreadable.push({ row: item.row, error });
    };
    if ("error" in item) fail(item.error.message);
    else {
      try {
        proof.addPack(item.row, item.documents.map(inspected));
        for (const document of item.documents) options.comparer?.add(item.row, document);
      } catch (error) {
        fail(toErrorReport(error).message);
      }
    }
    options.onRow?.(++done);
  }
  const source = options.comparer ? { source: options.comparer.report() } : {};
  const { rules: _, ...report } = proof.report();
  return { ...report, unreadable, ...source };
}
