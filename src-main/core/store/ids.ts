import { SiftError } from "#shared/errors.ts";

/** What an id names, by its first letter: `d3` is dataset 3. */
const KINDS = {
  d: "dataset",
  v: "dataset version",
  r: "run",
  t: "template",
  p: "proof",
  j: "job",
  w: "waiver",
} as const;
export type IdKind = keyof typeof KINDS;

export const idOf = (kind: IdKind, key: number): string => `${kind}${key}`;

/** The database key behind an id. @throws SiftError `not-found` for text that is no such id. */
export function keyOf(kind: IdKind, id: string): number {
  if (!id.startsWith(kind) || !/^[a-z][1-9][0-9]{0,14}$/.test(id)) throw notFound(kind, id);
  return Number(id.slice(1));
}

export function notFound(kind: IdKind, id: string): SiftError {
  return new SiftError("not-found", `there is no ${KINDS[kind]} ${JSON.stringify(id)}`, { where: { what: id } });
}
