import * as v from "valibot";
import { settings, type Settings } from "#shared/contract/system.ts";
import type { Db } from "./database.ts";
import { json, query } from "./query.ts";

const DEFAULT_SETTINGS: Settings = { language: "system", theme: "system", welcomed: false, threads: null };

/** Preferences of the person, one JSON value a name. */
export class SettingsTable {
  readonly #db: Db;
  readonly #all;

  constructor(db: Db) {
    this.#db = db;
    this.#all = query(db, "SELECT name, value FROM settings", v.object({ name: v.string(), value: json(v.unknown()) }));
  }

  /** Stored values over the defaults; a stored value that no longer fits the schema falls back to its default. */
  get(): Settings {
    const stored: Record<string, unknown> = Object.fromEntries(this.#all.all().map((row) => [row.name, row.value]));
    const pick = <S extends v.GenericSchema, D>(schema: S, value: unknown, fallback: D) => {
      const parsed = v.safeParse(schema, value);
      return parsed.success ? parsed.output : fallback;
    };
    return {
      language: pick(settings.entries.language, stored["language"], DEFAULT_SETTINGS.language),
      theme: pick(settings.entries.theme, stored["theme"], DEFAULT_SETTINGS.theme),
      welcomed: pick(settings.entries.welcomed, stored["welcomed"], DEFAULT_SETTINGS.welcomed),
      threads: pick(settings.entries.threads, stored["threads"], DEFAULT_SETTINGS.threads),
    };
  }

  put(changes: { [Name in keyof Settings]?: Settings[Name] | undefined }): Settings {
    const upsert = this.#db.prepare("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)");
    for (const [name, value] of Object.entries(changes))
      if (value !== undefined) upsert.run(name, JSON.stringify(value));
    return this.get();
  }
}
