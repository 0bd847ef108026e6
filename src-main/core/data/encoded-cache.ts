import Database from "better-sqlite3";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ReviewState } from "../store/reviews.ts";
import { CACHE_FORMAT, packRow, unpackRow, type CachedRow } from "./tokenized-bytes.ts";

/** Where tokenised rows are kept, and what besides a row they depend on. */
export interface CacheSpec {
  /** Folder of the data home for what can be made again. */
  readonly folder: string;
  /** Hash of tokenizer, template and everything else that decides text and ids. */
  readonly textKey: string;
  readonly maxBytes?: number;
}

/** 2 GB: some 700,000 rows of 1.2 KB. */
const MAX_BYTES = 2 * 1024 ** 3;
/** Share that is kept when the cache is full; the oldest goes. */
const KEPT_SHARE = 0.9;
const KEY_BYTES = 16;

const cacheFile = (folder: string): string => join(folder, "rows.db");
const damagedMark = (folder: string): string => join(folder, "rows.damaged");

/**
 * Makes the cache's file ready; one that another version wrote, or that is damaged, starts empty. Called once, before threads
 * open it. @returns false where nothing can be kept (a full disk, say): then rows are tokenised as without a cache
 */
export function prepareCache(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    if (existsSync(damagedMark(folder))) removeCache(folder);
    if (!isUsable(folder)) removeCache(folder);
    const db = openFile(folder);
    db.pragma("journal_mode = WAL");
    db.exec("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL)");
    db.pragma(`user_version = ${CACHE_FORMAT}`);
    db.close();
    return true;
  } catch {
    return false;
  }
}

function isUsable(folder: string): boolean {
  if (!existsSync(cacheFile(folder))) return true;
  try {
    const db = openFile(folder);
    try {
      const version = Number(db.pragma("user_version", { simple: true }));
      return version === CACHE_FORMAT || version === 0;
    } finally {
      db.close();
    }
  } catch {
    return false;
  }
}

function removeCache(folder: string): void {
  const file = cacheFile(folder);
  for (const path of [file, `${file}-wal`, `${file}-shm`, damagedMark(folder)]) rmSync(path, { force: true });
}

function openFile(folder: string): Database.Database {
  const db = new Database(cacheFile(folder));
  db.pragma("busy_timeout = 5000");
  db.pragma("synchronous = OFF"); // a lost page is a damaged entry, which is a miss
  db.pragma("cache_size = -8192");
  return db;
}

/**
 * Rows that were tokenised before, by what decides their text and ids: the row, what was decided about it, template and
 * tokenizer. Whatever goes wrong with the file is a miss, never an error.
 */
export class EncodedCache {
  readonly #spec: CacheSpec;
  readonly #maxBytes: number;
  readonly #find: Database.Statement<[Buffer], Buffer>;
  readonly #add: Database.Statement<[Buffer, Buffer]>;
  readonly #pending: { key: Buffer; value: Buffer }[] = [];
  #db: Database.Database | undefined;
  hits = 0;
  misses = 0;

  private constructor(spec: CacheSpec, db: Database.Database) {
    this.#spec = spec;
    this.#maxBytes = spec.maxBytes ?? MAX_BYTES;
    this.#db = db;
    this.#find = db.prepare<[Buffer], Buffer>("SELECT value FROM rows WHERE key = ?").pluck();
    this.#add = db.prepare<[Buffer, Buffer]>("INSERT OR REPLACE INTO rows (key, value) VALUES (?, ?)");
  }

  /** @returns undefined where the file cannot be used */
  static open(spec: CacheSpec): EncodedCache | undefined {
    try {
      return new EncodedCache(spec, openFile(spec.folder));
    } catch {
      return undefined;
    }
  }

  /** Identity of a row as it trains. */
  keyOf(raw: string, review: ReviewState): Buffer {
    const { edits, spans, turnVerdicts } = review;
    const hash = createHash("sha256")
      .update(this.#spec.textKey)
      .update(JSON.stringify([edits, spans, turnVerdicts]));
    return hash.update("\n").update(raw).digest().subarray(0, KEY_BYTES);
  }

  get(key: Buffer, row: number): CachedRow | undefined {
    const found = this.#attempt(() => {
      const bytes = this.#find.get(key);
      return bytes && unpackRow(bytes, row);
    });
    if (found) this.hits += 1;
    else this.misses += 1;
    return found;
  }

  /** Kept with the next `flush`. */
  add(key: Buffer, row: CachedRow): void {
    if (this.#db) this.#pending.push({ key, value: packRow(row) });
  }

  /** Writes what was added, and drops the oldest rows where the file is full. */
  flush(): void {
    const pending = this.#pending.splice(0);
    if (pending.length === 0) return;
    this.#attempt(() => {
      this.#db
        ?.transaction(() => {
          for (const { key, value } of pending) this.#add.run(key, value);
          this.#evict();
        })
        .immediate();
    });
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
  }

  #evict(): void {
    const db = this.#db;
    if (!db) return;
    const pragma = (name: string): number => Number(db.pragma(name, { simple: true }));
    const pages = pragma("page_count") - pragma("freelist_count");
    const share = (this.#maxBytes * KEPT_SHARE) / (pages * pragma("page_size"));
    if (share >= KEPT_SHARE) return;
    const { first, last } = db.prepare("SELECT min(id) AS first, max(id) AS last FROM rows").get() as {
      first: number;
      last: number;
    };
    db.prepare("DELETE FROM rows WHERE id < ?").run(Math.ceil(last - (last - first + 1) * share));
  }

  /** After an error of the file nothing more is asked of it; a damaged one is begun anew next time. */
  #attempt<Result>(work: () => Result): Result | undefined {
    if (!this.#db) return undefined;
    try {
      return work();
    } catch (error) {
      const code = error instanceof Database.SqliteError ? error.code : "";
      if (code.startsWith("SQLITE_BUSY")) return undefined;
      this.#db = undefined;
      if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) markDamaged(this.#spec.folder);
      return undefined;
    }
  }
}

function markDamaged(folder: string): void {
  try {
    writeFileSync(damagedMark(folder), "");
  } catch {
    // the next run finds the damage again
  }
}
