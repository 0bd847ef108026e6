import { createHash } from "node:crypto";
import { IGNORE, type PretokenizedRow, type Tokenizer } from "#shared/text/index.ts";

/** The first place where a prepared row and Sift's encoding of its source differ. */
export interface RowDifference {
  /** Row of the prepared set, and of the source, from 0. */
  readonly row: number;
  readonly source_row: number;
  readonly kind: "labels" | "ids";
  /** First token position that differs. */
  readonly position: number;
  /** How many positions differ; of ids: those from the first difference on, in the longer of both. */
  readonly tokens: number;
  readonly theirs: string;
  readonly sift: string;
}

/** What `sift audit --source` adds to the report. */
export interface SourceComparison {
  readonly rows: number;
  /** Prepared rows that equal a source row in ids and labels. */
  readonly same: number;
  readonly labels_differ: number;
  readonly ids_differ: number;
  /** Prepared rows that no source row stands behind. */
  readonly unknown: number;
  /** Source rows that are not in the prepared set. */
  readonly missing: number;
  /** The first 100. */
  readonly differences: readonly RowDifference[];
}

const MAX_NAMED = 100;
/** Tokens that must agree at the beginning for two rows to be called the same one with other ids (cut, another ending). */
const PREFIX_TOKENS = 24;

/** What Sift makes of one source row. */
export interface SourceRow {
  readonly row: number;
  readonly ids: Int32Array;
  readonly labels: Int32Array;
}

/** Source rows, encoded, by their ids and by how they begin. All of them are in memory: 8 bytes a token. */
export class SourceIndex {
  private readonly exact = new Map<string, number[]>();
  private readonly beginnings = new Map<string, number[]>();
  private readonly rows: SourceRow[] = [];

  add(row: SourceRow): void {
    const at = this.rows.push(row) - 1;
    remember(this.exact, key(row.ids), at);
    remember(this.beginnings, key(row.ids.subarray(0, PREFIX_TOKENS)), at);
  }

  get size(): number {
    return this.rows.length;
  }

  at(index: number): SourceRow | undefined {
    return this.rows[index];
  }

  /** The source row behind prepared ids: the same ids, else the same beginning (rows that are not taken yet first), else one at the same place that is much like it. */
  find(ids: Int32Array, { row, taken }: { row: number; taken: ReadonlySet<number> }): number | undefined {
    const free = (list: readonly number[] | undefined): number | undefined =>
      list?.find((each) => !taken.has(each)) ?? list?.[0];
    const exact = free(this.exact.get(key(ids)));
    const close = exact ?? free(this.beginnings.get(key(ids.subarray(0, PREFIX_TOKENS))));
    const beside = this.rows[row];
    return close ?? (beside && !taken.has(row) && sharesMost(ids, beside.ids) ? row : undefined);
  }
}

/** Whether more than half of the shorter row's tokens are in the other, in whatever order. */
function sharesMost(a: Int32Array, b: Int32Array): boolean {
  const left = new Map<number, number>();
  for (const id of b) left.set(id, (left.get(id) ?? 0) + 1);
  let shared = 0;
  for (const id of a) {
    const count = left.get(id) ?? 0;
    if (count === 0) continue;
    left.set(id, count - 1);
    shared++;
  }
  return shared > Math.min(a.length, b.length) / 2;
}

function remember(map: Map<string, number[]>, name: string, value: number): void {
  const known = map.get(name);
  if (known) known.push(value);
  else map.set(name, [value]);
}

const key = (ids: Int32Array): string =>
  createHash("sha1")
    .update(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength))
    .digest("base64url")
    .slice(0, 16);

/** Compares prepared documents with the source that they were made from. */
export class SourceComparer {
  private readonly index: SourceIndex;
  private readonly tokenizer: Tokenizer;
  private readonly maxNamed: number;
  private readonly taken = new Set<number>();
  private readonly differences: RowDifference[] = [];
  private same = 0;
  private labelsDiffer = 0;
  private idsDiffer = 0;
  private unknown = 0;

  constructor(index: SourceIndex, tokenizer: Tokenizer, maxNamed = MAX_NAMED) {
    this.maxNamed = maxNamed;
    this.index = index;
    this.tokenizer = tokenizer;
  }

  add(row: number, document: PretokenizedRow): void {
    const ids = Int32Array.from(document.inputIds);
    const at = this.index.find(ids, { row, taken: this.taken });
    const source = at === undefined ? undefined : this.index.at(at);
    if (at === undefined || !source) return void this.unknown++;
    this.taken.add(at);
    const difference = this.difference(row, { ids, labels: Int32Array.from(document.labels) }, source);
    if (!difference) return void this.same++;
    if (difference.kind === "ids") this.idsDiffer++;
    else this.labelsDiffer++;
    if (this.differences.length < this.maxNamed) this.differences.push(difference);
  }

  report(): SourceComparison {
    return {
      rows: this.index.size,
      same: this.same,
      labels_differ: this.labelsDiffer,
      ids_differ: this.idsDiffer,
      unknown: this.unknown,
      missing: this.index.size - this.taken.size,
      differences: this.differences,
    };
  }

  private difference(
    row: number,
    theirs: Pick<SourceRow, "ids" | "labels">,
    source: SourceRow,
  ): RowDifference | undefined {
    const length = Math.max(theirs.ids.length, source.ids.length);
    const place = { row, source_row: source.row };
    for (let i = 0; i < length; i++) {
      if (theirs.ids[i] === source.ids[i]) continue;
      const words = { theirs: this.around(theirs.ids, i), sift: this.around(source.ids, i) };
      return { ...place, kind: "ids", position: i, tokens: length - i, ...words };
    }
    // The first position of a document is never scored, whatever its label says.
    const differs = (i: number): boolean => i > 0 && theirs.labels[i] !== source.labels[i];
    const positions = Array.from({ length }, (_, i) => i).filter(differs);
    const [position] = positions;
    if (position === undefined) return undefined;
    const said = (labels: Int32Array): string =>
      `${JSON.stringify(this.tokenizer.decode([source.ids[position] ?? 0]))} ${labels[position] === IGNORE ? "ignored" : "trained"}`;
    return {
      ...place,
      kind: "labels",
      position,
      tokens: positions.length,
      theirs: said(theirs.labels),
      sift: said(source.labels),
    };
  }

  /** The text at a place, some tokens long; "(end)" behind the last token. */
  private around(ids: Int32Array, at: number): string {
    if (at >= ids.length) return "(end)";
    return JSON.stringify(this.tokenizer.decode([...ids.subarray(at, at + 6)]));
  }
}
