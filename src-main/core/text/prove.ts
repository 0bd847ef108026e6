import type { EncodeSettings, Proof } from "#shared/contract/text.ts";
import { fromReport } from "../system/reports.ts";
import { EncodePool } from "../data/pool.ts";
import { rowCache } from "./row-cache.ts";
import type { ThreadResult, ThreadRow } from "../data/thread-protocol.ts";
import { PackedPieces, PackedPositions } from "../store/positions.ts";
import {
  addTallies,
  LeastTrained,
  LengthCounter,
  examplesKept,
  type FindingExample,
  type RuleTally,
} from "#shared/text/index.ts";
import type { ErrorReport } from "#shared/errors.ts";

export type ProofFacts = Pick<
  Proof,
  | "rows"
  | "tokens"
  | "supervisedTokens"
  | "longestRow"
  | "findings"
  | "settingsFindings"
  | "rules"
  | "lengths"
  | "leastTrained"
> & {
  /** Rows by class that stop a run unless waived. */
  readonly blocking: Readonly<Record<string, number>>;
  /** All rows of each class, packed. */
  readonly members: ReadonlyMap<string, Uint8Array>;
  readonly pieces: PackedPieces;
};

/** Sums what the batches of a pool found. */
export class ProofTotals {
  rows = 0;
  #tokens = 0;
  #supervised = 0;
  #longest = 0;
  rendered = 0;
  settingsFindings: ThreadResult["settingsFindings"];
  firstError: ErrorReport | null = null;
  readonly #findings = new Map<string, { count: number; rows: number[] }>();
  readonly #blocking = new Map<string, number>();
  readonly #chosen = new Map<string, number>();
  #rules: readonly RuleTally[] = [];
  readonly #examples = new Map<string, readonly FindingExample[]>();
  readonly #lengths = new LengthCounter();
  readonly #pieces = new PackedPieces();
  readonly #members = new Map<string, PackedPositions>();
  readonly #least = new LeastTrained();

  /** Batches come in order, so that the first rows of a class are its first rows. @param rows how many rows the batch held */
  add(result: ThreadResult, rows: number): void {
    this.rows += rows;
    this.#tokens += result.report.tokens;
    this.#supervised += result.report.supervised_tokens;
    this.#longest = Math.max(this.#longest, result.longest);
    this.rendered += result.rendered;
    this.settingsFindings ??= result.settingsFindings;
    this.firstError ??= result.firstError;
    for (const finding of result.report.findings) this.#note(finding);
    this.#lengths.merge(result.lengths);
    this.#pieces.add(result.lengthsOfPieces);
    for (const [name, rows] of Object.entries(result.members)) this.#belong(name, rows);
    this.#least.merge(result.leastTrained);
    for (const [name, examples] of Object.entries(result.examples)) {
      this.#examples.set(name, [...(this.#examples.get(name) ?? []), ...examples].slice(0, examplesKept(name)));
    }
    this.#rules = addTallies(this.#rules, result.report.rules ?? []);
    addCounts(this.#blocking, result.blocking);
    addCounts(this.#chosen, result.chosen);
  }

  #belong(name: string, rows: readonly number[]): void {
    const positions = this.#members.get(name) ?? new PackedPositions();
    this.#members.set(name, positions);
    for (const row of rows) positions.add(row);
  }

  get unencodable(): number {
    return this.#findings.get("unencodable")?.count ?? 0;
  }

  facts(): Omit<ProofFacts, "settingsFindings"> {
    return {
      rows: this.rows,
      tokens: this.#tokens,
      supervisedTokens: this.#supervised,
      longestRow: this.#longest,
      findings: [...this.#findings].map(([name, { count, rows }]) => ({
        class: name,
        count,
        rows,
        examples: [...(this.#examples.get(name) ?? [])],
        ...(this.#chosen.get(name) === count ? { byChoice: true } : {}),
      })),
      lengths: lengthsOf(this.#lengths),
      leastTrained: this.#least.list(),
      rules: this.#rules.map((rule) => ({ ...rule })),
      blocking: Object.fromEntries(this.#blocking),
      pieces: this.#pieces,
      members: new Map([...this.#members].map(([name, positions]) => [name, positions.bytes()])),
    };
  }

  #note(finding: ThreadResult["report"]["findings"][number]): void {
    const known = this.#findings.get(finding.class) ?? { count: 0, rows: [] };
    const rows = [...known.rows, ...finding.rows].slice(0, MAX_ROWS_NAMED);
    this.#findings.set(finding.class, { count: known.count + finding.count, rows });
  }
}

/** Adds counts by class. */
export function addCounts(sums: Map<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count);
}

/** A copy that is a record's own. */
const lengthsOf = (counter: LengthCounter): NonNullable<Proof["lengths"]> =>
  structuredClone(counter.profile()) as NonNullable<Proof["lengths"]>;

/** Rows that a class names; its count goes on beyond them. */
const MAX_ROWS_NAMED = 100;

export interface ProveOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (rows: number, badRows: number) => void;
  readonly threads?: number;
  /** Folder of the data home where tokenised rows are kept. */
  readonly cache?: string;
}

/**
 * Encodes every row in a pool of threads and counts what the proof counts.
 * @throws SiftError of the template or the model; the first row's error where not one row has an encoding
 */
export async function proveRows(
  settings: EncodeSettings,
  batches: AsyncIterable<readonly ThreadRow[]>,
  { signal, onProgress, threads, cache }: ProveOptions = {},
): Promise<ProofFacts> {
  const pool = new EncodePool({ settings, want: "facts", audit: true, cache: rowCache(settings, cache) }, threads);
  const close = (): void => void pool.close();
  signal?.addEventListener("abort", close);
  try {
    const totals = new ProofTotals();
    const sizes: number[] = [];
    for await (const result of pool.map(counted(batches, sizes), signal)) {
      totals.add(result, sizes.shift() ?? 0);
      onProgress?.(totals.rows, totals.unencodable);
    }
    const facts = totals.facts();
    const none = facts.rows > 0 && facts.blocking["unencodable"] === facts.rows;
    if (none && totals.firstError) throw fromReport(totals.firstError);
    return { ...facts, settingsFindings: [...(totals.settingsFindings ?? [])] };
  } finally {
    signal?.removeEventListener("abort", close);
    await pool.close();
  }
}

/** Remembers how many rows each batch had, in order. */
export async function* counted(
  batches: AsyncIterable<readonly ThreadRow[]>,
  sizes: number[],
): AsyncGenerator<readonly ThreadRow[]> {
  for await (const batch of batches) {
    sizes.push(batch.length);
    yield batch;
  }
}
