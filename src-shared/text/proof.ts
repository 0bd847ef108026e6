import { FINDING_CLASSES, type FindingClass } from "./findings.ts";
import { type Inspected, type InspectionContext, inspectRow } from "./inspect.ts";
import { RuleCounter, type RuleTally } from "./mask/counts.ts";
import { IGNORE } from "./types.ts";

/** Rows that a class names; the count goes on beyond them. */
export const MAX_ROWS_NAMED = 100;

/** One class with how many rows are in it. */
export interface ProofFinding {
  readonly class: FindingClass;
  readonly count: number;
  /** The first rows in the class, at most `MAX_ROWS_NAMED`. */
  readonly rows: readonly number[];
  /** All of its rows are in it because the settings ask for that; left out otherwise. */
  readonly by_choice?: boolean;
}

/** What `sift prove --json` prints. */
export interface ProofReport {
  readonly rows: number;
  readonly tokens: number;
  /** Labels that are not -100, before the shift. */
  readonly supervised_tokens: number;
  readonly findings: readonly ProofFinding[];
  /** What each rule of the mask does; left out of an audit, whose labels no mask of ours made. */
  readonly rules?: readonly RuleTally[];
}

/** Counts over a whole dataset. Several, one a thread, merge into the same report whatever the order. */
export class ProofAccumulator {
  private readonly context: InspectionContext;
  private rows = 0;
  private tokens = 0;
  private supervised = 0;
  private readonly rules: RuleCounter;
  private readonly findings = new Map<FindingClass, { count: number; rows: number[] }>();

  constructor(context: InspectionContext) {
    this.context = context;
    this.rules = new RuleCounter(context.mask, context.maskOptions);
  }

  /** A row that was encoded (one part of it, where it was split). Returns the classes it is in. */
  add(row: number, inspected: Inspected): FindingClass[] {
    const { labels } = inspected.encoded;
    this.rows++;
    this.count(labels);
    if (inspected.facts.kind === "conversation") this.rules.add(inspected.encoded, inspected.facts.roles);
    const classes = inspectRow(inspected, this.context);
    for (const name of classes) this.note(name, 1, [row]);
    return classes;
  }

  /** A pack of documents that is one row: in every class that one of them is in, and scoring nothing only where none of them does. */
  addPack(row: number, documents: readonly Inspected[]): void {
    const [only] = documents;
    if (documents.length <= 1) return void (only ? this.add(row, only) : this.addUnencodable(row));
    const inspected = documents.map((each) => ({ each, classes: inspectRow(each, this.context) }));
    const scoring = inspected.filter(({ classes }) => !classes.includes("no-scored-token"));
    this.rows++;
    for (const { encoded } of documents) this.count(encoded.labels);
    const all = scoring.length > 0 ? scoring : inspected;
    for (const name of new Set(all.flatMap(({ classes }) => classes))) this.note(name, 1, [row]);
  }

  /** A row that could not be read or encoded. */
  addUnencodable(row: number): void {
    this.rows++;
    this.note("unencodable", 1, [row]);
  }

  /** Counts of another accumulator, as its `report()` gives them. */
  merge(other: ProofReport): void {
    this.rows += other.rows;
    this.tokens += other.tokens;
    this.supervised += other.supervised_tokens;
    for (const finding of other.findings) this.note(finding.class, finding.count, finding.rows);
    this.rules.merge(other.rules ?? []);
  }

  report(): ProofReport {
    const findings = FINDING_CLASSES.flatMap((name): ProofFinding[] => {
      const found = this.findings.get(name);
      return found ? [{ class: name, count: found.count, rows: found.rows }] : [];
    });
    return {
      rows: this.rows,
      tokens: this.tokens,
      supervised_tokens: this.supervised,
      findings,
      rules: this.rules.report(),
    };
  }

  private count(labels: Int32Array): void {
    this.tokens += labels.length;
    for (const label of labels) if (label !== IGNORE) this.supervised++;
  }

  private note(name: FindingClass, count: number, rows: readonly number[]): void {
    const found = this.findings.get(name) ?? { count: 0, rows: [] };
    const isInOrder = rows.length === 1 && (found.rows.at(-1) ?? -1) <= (rows[0] ?? 0);
    const all = isInOrder && found.rows.length >= MAX_ROWS_NAMED ? found.rows : [...found.rows, ...rows];
    const first = isInOrder ? all : all.sort((a, b) => a - b).slice(0, MAX_ROWS_NAMED);
    this.findings.set(name, { count: found.count + count, rows: first });
  }
}
