import { SCHEMA_001 } from "./schema-001.ts";

/** Append only: a released migration is never edited. Entry i takes a database from version i to i + 1. */
export const MIGRATIONS: readonly string[] = [SCHEMA_001];
