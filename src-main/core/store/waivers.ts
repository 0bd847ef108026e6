import * as v from "valibot";
import type { Db } from "./database.ts";
import { idOf, keyOf } from "./ids.ts";
import { query } from "./query.ts";

/** A class of findings that was accepted. */
export interface StoredWaiver {
  readonly id: string;
  readonly settingsHash: string;
  readonly class: string;
  /** Rows that were in the class then. */
  readonly count: number;
  readonly reason: string;
  readonly createdAt: number;
}
type NewWaiver = Omit<StoredWaiver, "id"> & { readonly versionId: string };

const record = v.pipe(
  v.object({
    key: v.number(),
    settings_hash: v.string(),
    class: v.string(),
    row_count: v.number(),
    reason: v.string(),
    created_at: v.number(),
  }),
  v.transform((row): StoredWaiver => ({
    id: idOf("w", row.key),
    settingsHash: row.settings_hash,
    class: row.class,
    count: row.row_count,
    reason: row.reason,
    createdAt: row.created_at,
  })),
);

/** Waivers by version and settings. Whether one still holds is for whoever has the proof. */
export class WaiverTable {
  readonly #db: Db;
  readonly #ofVersion;

  constructor(db: Db) {
    this.#db = db;
    this.#ofVersion = query(db, "SELECT * FROM waivers WHERE version = ? ORDER BY key DESC", record);
  }

  /** All of a version, newest first. */
  list(versionId: string): StoredWaiver[] {
    return this.#ofVersion.all(keyOf("v", versionId));
  }

  /** Replaces the one of the same class under the same settings. */
  put({ versionId, settingsHash, class: name, count, reason, createdAt }: NewWaiver): void {
    this.#db
      .prepare(
        `INSERT OR REPLACE INTO waivers (version, settings_hash, class, row_count, reason, created_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(keyOf("v", versionId), settingsHash, name, count, reason, createdAt);
  }

  /** One that is gone already stays gone. */
  remove(waiverId: string): void {
    this.#db.prepare("DELETE FROM waivers WHERE key = ?").run(keyOf("w", waiverId));
  }
}
