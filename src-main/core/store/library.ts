import * as v from "valibot";
import { savedTemplate, type SavedTemplate } from "#shared/contract/text.ts";
import type { Db } from "./database.ts";
import { idOf, keyOf, notFound } from "./ids.ts";
import { query } from "./query.ts";

const templateRecord = v.object({
  key: v.number(),
  name: v.string(),
  source: v.string(),
  hash: v.string(),
  updated_at: v.number(),
});
const toTemplate = ({ key, updated_at, ...rest }: v.InferOutput<typeof templateRecord>): SavedTemplate =>
  v.parse(savedTemplate, { ...rest, id: idOf("t", key), updatedAt: updated_at });

/** Templates that a person saved under a name. */
export class TemplateTable {
  readonly #db: Db;
  readonly #list;
  readonly #byName;

  constructor(db: Db) {
    this.#db = db;
    this.#list = query(db, "SELECT * FROM templates ORDER BY name", templateRecord);
    this.#byName = query(db, "SELECT * FROM templates WHERE name = ?", templateRecord);
  }

  list(): SavedTemplate[] {
    return this.#list.all().map(toTemplate);
  }

  save(template: { name: string; source: string; hash: string; at: number }): SavedTemplate {
    this.#db
      .prepare(
        `INSERT INTO templates (name, source, hash, updated_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET source = excluded.source, hash = excluded.hash, updated_at = excluded.updated_at`,
      )
      .run(template.name, template.source, template.hash, template.at);
    const saved = this.#byName.get(template.name);
    if (!saved) throw notFound("t", template.name);
    return toTemplate(saved);
  }

  remove(templateId: string): void {
    this.#db.prepare("DELETE FROM templates WHERE key = ?").run(keyOf("t", templateId));
  }
}

/** Model folders that a person added; those in caches are found anew each time. */
export class ModelTable {
  readonly #db: Db;
  readonly #list;

  constructor(db: Db) {
    this.#db = db;
    this.#list = query(db, "SELECT path FROM models ORDER BY added_at, path", v.object({ path: v.string() }));
  }

  list(): string[] {
    return this.#list.all().map((row) => row.path);
  }
  add(path: string, at: number): void {
    this.#db.prepare("INSERT OR IGNORE INTO models (path, added_at) VALUES (?, ?)").run(path, at);
  }
  forget(path: string): void {
    this.#db.prepare("DELETE FROM models WHERE path = ?").run(path);
  }
}
