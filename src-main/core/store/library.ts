import * as v from "valibot";
import { templateVersion, type TemplateVersion } from "#shared/contract/templates.ts";
import { savedTemplate, type SavedTemplate } from "#shared/contract/text.ts";
import { templateForm, type TemplateForm } from "#shared/text/index.ts";
import type { Db } from "./database.ts";
import { idOf, keyOf, notFound } from "./ids.ts";
import { query } from "./query.ts";

/** A form's JSON; null for a template that is Jinja. */
const storedForm = v.nullable(v.pipe(v.string(), v.parseJson(), templateForm));
const withForm = (form: TemplateForm | null): { form?: TemplateForm } => (form ? { form } : {});

const templateRecord = v.object({
  key: v.number(),
  name: v.string(),
  source: v.string(),
  form: storedForm,
  hash: v.string(),
  updated_at: v.number(),
  version: v.number(),
});
const toTemplate = ({ key, updated_at, form, ...rest }: v.InferOutput<typeof templateRecord>): SavedTemplate =>
  v.parse(savedTemplate, { ...rest, ...withForm(form), id: idOf("t", key), updatedAt: updated_at });

const versionRecord = v.object({
  template: v.number(),
  name: v.string(),
  number: v.number(),
  source: v.string(),
  form: storedForm,
  hash: v.string(),
  saved_at: v.number(),
});
const toVersion = ({ template, saved_at, form, ...rest }: v.InferOutput<typeof versionRecord>): TemplateVersion =>
  v.parse(templateVersion, { ...rest, ...withForm(form), templateId: idOf("t", template), savedAt: saved_at });

const TEMPLATES = `SELECT t.*, (SELECT MAX(number) FROM template_versions WHERE template = t.key) AS version FROM templates t`;

interface NewVersion {
  readonly name: string;
  readonly source: string;
  /** Undefined for a template that is Jinja. */
  readonly form: TemplateForm | undefined;
  readonly hash: string;
  readonly at: number;
}

/** Templates that a person saved under a name, with every text they ever had. */
export class TemplateTable {
  readonly #db: Db;
  readonly #list;
  readonly #byName;
  readonly #versions;

  constructor(db: Db) {
    this.#db = db;
    this.#list = query(db, `${TEMPLATES} ORDER BY name`, templateRecord);
    this.#byName = query(db, `${TEMPLATES} WHERE name = ?`, templateRecord);
    this.#versions = query(
      db,
      `SELECT v.*, t.name FROM template_versions v JOIN templates t ON t.key = v.template
       WHERE v.template = ? ORDER BY v.number DESC`,
      versionRecord,
    );
  }

  list(): SavedTemplate[] {
    return this.#list.all().map(toTemplate);
  }

  /** The newest text of its name, as a new version; the text that is the newest already makes none. */
  save({ name, source, form, hash, at }: NewVersion): SavedTemplate {
    return this.#db.transaction(() => {
      const known = this.#byName.get(name);
      if (known?.hash === hash) return toTemplate(known);
      const stored = form === undefined ? null : JSON.stringify(form);
      const { key } = this.#db
        .prepare<unknown[], { key: number }>(
          `INSERT INTO templates (name, source, form, hash, updated_at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE SET source = excluded.source, form = excluded.form, hash = excluded.hash, updated_at = excluded.updated_at
           RETURNING key`,
        )
        .get(name, source, stored, hash, at) ?? { key: 0 };
      this.#db
        .prepare(
          "INSERT INTO template_versions (template, number, source, form, hash, saved_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .run(key, (known?.version ?? 0) + 1, source, stored, hash, at);
      const saved = this.#byName.get(name);
      if (!saved) throw notFound("t", name);
      return toTemplate(saved);
    })();
  }

  /** Newest first. @throws SiftError `not-found` */
  versions(templateId: string): TemplateVersion[] {
    const versions = this.#versions.all(keyOf("t", templateId)).map(toVersion);
    if (versions.length === 0) throw notFound("t", templateId);
    return versions;
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
