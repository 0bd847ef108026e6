import * as v from "valibot";
import { verdict, type BadRow, type RowSummary, type Verdict } from "#shared/contract/datasets.ts";
import type { Db } from "./database.ts";
import { keyOf, notFound } from "./ids.ts";
import { count, likeText, query, type SqlValue } from "./query.ts";

const summaryRecord = v.object({
  row_id: v.string(),
  position: v.number(),
  line: v.number(),
  title: v.string(),
  turns: v.number(),
  characters: v.number(),
  verdict: v.nullable(verdict),
  edited: v.nullable(v.number()),
});

const storedRow = v.object({
  row_id: v.string(),
  position: v.number(),
  line: v.number(),
  format: v.string(),
  raw: v.string(),
  hash: v.instance(Uint8Array),
});
/** A row as it was imported. */
export interface StoredRow {
  readonly rowId: string;
  readonly position: number;
  readonly line: number;
  readonly format: string;
  readonly raw: string;
  /** SHA-256 of `raw`. */
  readonly hash: Uint8Array;
}

const identityRecord = v.object({ row_id: v.string(), position: v.number(), hash: v.instance(Uint8Array) });
/** What tells a row from others, without its text. */
export type RowIdentity = Pick<StoredRow, "rowId" | "position" | "hash">;

const badRecord = v.object({
  line: v.number(),
  code: v.string(),
  reason: v.string(),
  remedy: v.nullable(v.string()),
  raw: v.string(),
});

export interface RowFilter {
  readonly search?: string;
  readonly verdict?: Verdict;
  readonly indexes?: readonly number[];
  /** Only rows of a class of a proof's findings. */
  readonly finding?: { readonly proofId: string; readonly class: string };
}
export interface Page {
  readonly offset: number;
  readonly limit: number;
}

/** Rows that a search looks at before others get their turn. */
const SEARCH_WINDOW = 10_000;

const SUMMARY = `SELECT r.row_id, r.position, r.line, r.title, r.turns, r.characters, s.verdict, s.edited
  FROM version_rows r LEFT JOIN row_state s ON s.version = r.version AND s.position = r.position`;
const STORED = `SELECT r.row_id, r.position, r.line, r.format, c.raw, c.hash
  FROM version_rows r JOIN contents c ON c.key = r.content`;

const toSummary = (record: v.InferOutput<typeof summaryRecord>): RowSummary => ({
  id: record.row_id,
  index: record.position,
  line: record.line,
  title: record.title,
  turns: record.turns,
  characters: record.characters,
  verdict: record.verdict ?? "none",
  edited: record.edited === 1,
});

const toStored = ({ row_id, ...rest }: v.InferOutput<typeof storedRow>): StoredRow => ({ rowId: row_id, ...rest });

/** JSON text may hold a character as itself or escaped; a search has to find both. */
const escapedText = (text: string): string =>
  text.replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Positions of a filtered list, kept so that paging through a search scans the version once. */
interface FoundPositions {
  readonly key: string;
  readonly positions: readonly number[];
}

/** Reads the rows of versions. Unfiltered pages go by position (an index range), so that page 10,000 costs what page 1 costs. */
export class RowTable {
  readonly #db: Db;
  readonly #page;
  readonly #byPosition;
  readonly #byId;
  readonly #from;
  readonly #identities;
  readonly #bad;
  readonly #badCount;
  readonly #findingRows: (proofId: string, name: string) => readonly number[];
  #found: FoundPositions | undefined;

  /** @param findingRows positions of a class of a proof's findings */
  constructor(db: Db, findingRows: (proofId: string, name: string) => readonly number[]) {
    this.#db = db;
    this.#findingRows = findingRows;
    this.#page = query(
      db,
      `${SUMMARY} WHERE r.version = ? AND r.position >= ? ORDER BY r.position LIMIT ?`,
      summaryRecord,
    );
    this.#byPosition = query(db, `${SUMMARY} WHERE r.version = ? AND r.position = ?`, summaryRecord);
    this.#byId = query(db, `${STORED} WHERE r.version = ? AND r.row_id = ?`, storedRow);
    this.#from = query(db, `${STORED} WHERE r.version = ? AND r.position >= ? ORDER BY r.position LIMIT ?`, storedRow);
    this.#identities = query(
      db,
      `SELECT r.row_id, r.position, c.hash FROM version_rows r JOIN contents c ON c.key = r.content
       WHERE r.version = ? AND r.position >= ? ORDER BY r.position LIMIT ?`,
      identityRecord,
    );
    this.#bad = query(
      db,
      "SELECT line, code, reason, remedy, raw FROM bad_rows WHERE version = ? AND position >= ? ORDER BY position LIMIT ?",
      badRecord,
    );
    this.#badCount = query(db, "SELECT count(*) AS n FROM bad_rows WHERE version = ?", count);
  }

  /** One row. @throws SiftError `not-found` */
  stored(versionId: string, rowId: string): StoredRow {
    const record = this.#byId.get(keyOf("v", versionId), rowId);
    if (!record) throw notFound("v", `${versionId}/${rowId}`);
    return toStored(record);
  }

  /** The rows from `position` on, at most `limit`: how whole versions are read, a piece at a time. */
  storedFrom(versionId: string, position: number, limit: number): StoredRow[] {
    return this.#from.all(keyOf("v", versionId), position, limit).map(toStored);
  }

  /** The same rows without their text: what hashes and splits are made of. */
  identitiesFrom(versionId: string, position: number, limit: number): RowIdentity[] {
    const records = this.#identities.all(keyOf("v", versionId), position, limit);
    return records.map(({ row_id, ...rest }) => ({ rowId: row_id, ...rest }));
  }

  /** @param revision changes whenever a decision about a row changes, so that filtered lists are found anew. */
  async page(
    version: { id: string; rows: number; revision: number },
    filter: RowFilter,
    page: Page,
  ): Promise<{ total: number; rows: RowSummary[] }> {
    const key = keyOf("v", version.id);
    if (Object.keys(filter).length === 0) {
      return { total: version.rows, rows: this.#page.all(key, page.offset, page.limit).map(toSummary) };
    }
    const positions = await this.#positions(key, version, filter);
    const wanted = positions.slice(page.offset, page.offset + page.limit);
    const rows = wanted.flatMap((position) => this.#byPosition.get(key, position) ?? []);
    return { total: positions.length, rows: rows.map(toSummary) };
  }

  badRows(versionId: string, page: Page): { total: number; rows: BadRow[] } {
    const key = keyOf("v", versionId);
    return { total: this.#badCount.get(key)?.n ?? 0, rows: this.#bad.all(key, page.offset, page.limit) };
  }

  async #positions(
    key: number,
    { rows, revision }: { rows: number; revision: number },
    filter: RowFilter,
  ): Promise<readonly number[]> {
    const asked = JSON.stringify([key, revision, filter]);
    if (this.#found?.key === asked) return this.#found.positions;
    const positions = await this.#search(key, rows, filter);
    this.#found = { key: asked, positions };
    return positions;
  }

  /** A window of the version at a time: a search through a million rows holds nobody else up. */
  async #search(version: number, rows: number, filter: RowFilter): Promise<number[]> {
    const { finding, indexes } = filter;
    const kept = finding ? this.#findingRows(finding.proofId, finding.class) : indexes;
    if (kept && filter.search === undefined && filter.verdict === undefined) return inVersion(kept, rows);
    const { sql, params } = filterQuery(filter);
    const statement = query(this.#db, sql, count);
    const found: number[] = [];
    for (let from = 0; from < rows; from += SEARCH_WINDOW) {
      for (const { n } of statement.all(version, from, from + SEARCH_WINDOW, ...params)) found.push(n);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!kept) return found;
    const isKept = new Set(kept);
    return found.filter((position) => isKept.has(position));
  }
}

const inVersion = (positions: readonly number[], rows: number): number[] =>
  [...new Set(positions)].filter((position) => position < rows).sort((a, b) => a - b);

/** Positions of the rows of one window (version, from, to) that fit a filter. */
function filterQuery({ search, verdict: wanted }: RowFilter): { sql: string; params: SqlValue[] } {
  const where = ["r.version = ?", "r.position >= ?", "r.position < ?"];
  const params: SqlValue[] = [];
  if (search !== undefined && search !== "") {
    where.push("(c.raw LIKE ? ESCAPE '\\' OR c.raw LIKE ? ESCAPE '\\' OR s.edits LIKE ? ESCAPE '\\')");
    params.push(likeText(search), likeText(escapedText(search)), likeText(search));
  }
  if (wanted !== undefined) {
    where.push("coalesce(s.verdict, 'none') = ?");
    params.push(wanted);
  }
  const sql = `SELECT r.position AS n FROM version_rows r JOIN contents c ON c.key = r.content
      LEFT JOIN row_state s ON s.version = r.version AND s.position = r.position
      WHERE ${where.join(" AND ")} ORDER BY r.position`;
  return { sql, params };
}
