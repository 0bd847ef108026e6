import * as v from "valibot";
import type { Db } from "./database.ts";

export type SqlValue = string | number | bigint | Uint8Array | null;
type Params = readonly SqlValue[];

/** A prepared statement whose rows are parsed by a schema before anything of ours sees them. */
export interface Query<Row> {
  all(...params: Params): Row[];
  get(...params: Params): Row | undefined;
}

export function query<S extends v.GenericSchema>(db: Db, sql: string, schema: S): Query<v.InferOutput<S>> {
  const statement = db.prepare(sql);
  return {
    all: (...params) => statement.all(...params).map((row) => v.parse(schema, row)),
    get: (...params) => {
      const row = statement.get(...params);
      return row === undefined ? undefined : v.parse(schema, row);
    },
  };
}

/** A column that holds JSON, parsed by `schema`. */
export function json<S extends v.GenericSchema>(schema: S) {
  return v.pipe(
    v.string(),
    v.transform((text): unknown => JSON.parse(text)),
    schema,
  );
}

/** A 0/1 column. */
export const flag = v.pipe(
  v.number(),
  v.transform((value) => value !== 0),
);

/** `{ n }` of a COUNT. */
export const count = v.object({ n: v.number() });

/** Escapes `%`, `_` and `\` for `LIKE ? ESCAPE '\'`. */
export const likeText = (text: string): string => `%${text.replace(/[\\%_]/g, (c) => `\\${c}`)}%`;
