import Database from "better-sqlite3";
import { SiftError } from "#shared/errors.ts";
import { MIGRATIONS } from "./migrations.ts";

export type Db = Database.Database;

/** Row hashes arrive in no order: an import of a million rows needs their index in memory to stay fast. */
const CACHE_KIBIBYTES = 96 * 1024;
/** 16 MB of log: an import checkpoints a quarter as often as by default. */
const CHECKPOINT_PAGES = 4000;

/** `user_version` of a database that this build writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Opens (or makes) the database and brings its schema up to date.
 * @throws SiftError `database-newer` for a file that a newer Sift wrote; it is left as it is.
 */
export function openDatabase(file: string): Db {
  const db = new Database(file);
  try {
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = NORMAL");
    db.pragma("foreign_keys = ON");
    db.pragma("busy_timeout = 5000");
    db.pragma(`cache_size = -${CACHE_KIBIBYTES}`);
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    migrate(db, file);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function migrate(db: Db, file: string): void {
  const found = Number(db.pragma("user_version", { simple: true }));
  if (found > SCHEMA_VERSION) {
    throw new SiftError("database-newer", `the database has schema ${found}, this Sift knows up to ${SCHEMA_VERSION}`, {
      where: { file },
      remedy: "update Sift, or start it with another data home (--home DIR)",
    });
  }
  for (let version = found; version < SCHEMA_VERSION; version += 1) applyMigration(db, version);
}

/** One migration and its version number, or neither. */
function applyMigration(db: Db, version: number): void {
  const sql = MIGRATIONS[version] ?? "";
  db.transaction(() => {
    db.exec(sql);
    db.pragma(`user_version = ${version + 1}`);
  }).immediate();
}
