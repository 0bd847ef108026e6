import * as v from "valibot";
import type { Db } from "./database.ts";
import { rowIdentity } from "../data/hash.ts";
import { idOf } from "./ids.ts";
import { query } from "./query.ts";

/** A row that could be read. `hash` is the SHA-256 of its raw text. */
export interface NewRow {
  readonly raw: string;
  readonly hash: Uint8Array;
  readonly line: number;
  /** Input shape that the parser was told or recognised ("auto" where it was not told). */
  readonly format: string;
  readonly title: string;
  readonly turns: number;
  readonly characters: number;
}

export interface NewBadRow {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly reason: string;
  readonly remedy: string | null;
  readonly raw: string;
}

/** Rows deleted a transaction while sweeping, so that readers never wait long. */
const SWEEP_BATCH = 5000;

const keyRow = v.object({ key: v.number() });
const countRow = v.object({ n: v.number() });

/** Writes a version while it is imported: hidden until `finish`, gone after `sweep` if that never comes. */
export class ImportTable {
  readonly #db: Db;
  readonly #insertContent;
  readonly #findContent;
  readonly #occurrences;
  readonly #insertRow;
  readonly #insertBad;

  constructor(db: Db) {
    this.#db = db;
    this.#insertContent = db.prepare("INSERT OR IGNORE INTO contents (hash, raw) VALUES (?, ?)");
    this.#findContent = query(db, "SELECT key FROM contents WHERE hash = ?", keyRow);
    this.#occurrences = query(db, "SELECT count(*) AS n FROM version_rows WHERE version = ? AND content = ?", countRow);
    this.#insertRow = db.prepare(
      `INSERT INTO version_rows (version, position, row_id, content, line, format, title, turns, characters)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertBad = db.prepare(
      "INSERT INTO bad_rows (version, position, file, line, code, reason, remedy, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
  }

  /** Makes a hidden dataset with an empty first version; both keys. */
  begin(dataset: { name: string; source: string; at: number }): { dataset: number; version: number } {
    return this.#db.transaction(() => {
      const made = this.#db
        .prepare("INSERT INTO datasets (name, source, created_at) VALUES (?, ?, ?)")
        .run(dataset.name, dataset.source, dataset.at);
      const version = this.#db
        .prepare(
          `INSERT INTO dataset_versions (dataset, number, content_hash, row_count, bad_rows, created_at, note)
           VALUES (?, 1, '', 0, 0, ?, ?)`,
        )
        .run(made.lastInsertRowid, dataset.at, "imported");
      return { dataset: Number(made.lastInsertRowid), version: Number(version.lastInsertRowid) };
    })();
  }

  /** One batch, one transaction. `firstRow` and `firstBad` are the positions where the batches start. */
  append(version: number, batch: { rows: NewRow[]; firstRow: number; bad: NewBadRow[]; firstBad: number }): void {
    this.#db.transaction(() => {
      batch.rows.forEach((row, i) => this.#appendRow(version, batch.firstRow + i, row));
      batch.bad.forEach((bad, i) =>
        this.#insertBad.run(version, batch.firstBad + i, bad.file, bad.line, bad.code, bad.reason, bad.remedy, bad.raw),
      );
    })();
  }

  #appendRow(version: number, position: number, row: NewRow): void {
    const inserted = this.#insertContent.run(row.hash, row.raw);
    const isNew = inserted.changes > 0;
    const content = isNew ? Number(inserted.lastInsertRowid) : (this.#findContent.get(row.hash)?.key ?? 0);
    const earlier = isNew ? 0 : (this.#occurrences.get(version, content)?.n ?? 0);
    const rowId = rowIdentity(row.hash, earlier);
    const { line, format, title, turns, characters } = row;
    this.#insertRow.run(version, position, rowId, content, line, format, title, turns, characters);
  }

  /** The version becomes visible. */
  finish(keys: { dataset: number; version: number }, totals: { hash: string; rows: number; badRows: number }): string {
    this.#db.transaction(() => {
      this.#db
        .prepare("UPDATE dataset_versions SET content_hash = ?, row_count = ?, bad_rows = ? WHERE key = ?")
        .run(totals.hash, totals.rows, totals.badRows, keys.version);
      this.#db.prepare("UPDATE datasets SET ready = 1 WHERE key = ?").run(keys.dataset);
    })();
    return idOf("d", keys.dataset);
  }

  /** Hidden datasets (cancelled, crashed or removed), oldest first; `except` are imports still under way. */
  hidden(except: ReadonlySet<number>): number[] {
    const rows = query(this.#db, "SELECT key FROM datasets WHERE ready = 0 ORDER BY key", keyRow).all();
    return rows.map((row) => row.key).filter((key) => !except.has(key));
  }

  /**
   * Deletes a hidden dataset with everything under it, a batch a step, so that the caller can yield in between.
   * Contents that no other version uses go too. The steps end when nothing is left.
   */
  *sweep(dataset: number): Generator<void> {
    const versions = query(this.#db, "SELECT key FROM dataset_versions WHERE dataset = ?", keyRow).all(dataset);
    for (const { key } of versions) {
      for (const table of ["row_state", "bad_rows"]) this.#deleteAll(table, key);
      this.#db.prepare("DELETE FROM row_history WHERE version = ? AND undoes IS NOT NULL").run(key);
      this.#deleteAll("row_history", key);
      this.#deleteAll("proofs", key);
      this.#deleteAll("waivers", key);
      while (this.#sweepRows(key) > 0) yield;
      this.#deleteVersion(key);
    }
    this.#db.prepare("DELETE FROM datasets WHERE key = ?").run(dataset);
  }

  #deleteAll(table: string, version: number): void {
    this.#db.prepare(`DELETE FROM ${table} WHERE version = ?`).run(version);
  }

  #deleteVersion(version: number): void {
    this.#db.prepare("UPDATE runs SET version = NULL WHERE version = ?").run(version);
    this.#db.prepare("DELETE FROM dataset_versions WHERE key = ?").run(version);
  }

  #sweepRows(version: number): number {
    const batch = query(
      this.#db,
      "SELECT position, content FROM version_rows WHERE version = ? ORDER BY position LIMIT ?",
      v.object({ position: v.number(), content: v.number() }),
    ).all(version, SWEEP_BATCH);
    const deleteRow = this.#db.prepare("DELETE FROM version_rows WHERE version = ? AND position = ?");
    const deleteContent = this.#db.prepare(
      "DELETE FROM contents WHERE key = ? AND NOT EXISTS (SELECT 1 FROM version_rows WHERE content = contents.key)",
    );
    this.#db.transaction(() => {
      for (const row of batch) deleteRow.run(version, row.position);
      for (const row of batch) deleteContent.run(row.content);
    })();
    return batch.length;
  }
}
