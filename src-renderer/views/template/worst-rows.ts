import type { RowSummary } from "#shared/contract/datasets.ts";
import type { Proof } from "#shared/contract/text.ts";
import { FINDING_CLASSES } from "#shared/text/findings.ts";
import { shareOf } from "#shared/text/leastTrained.ts";

export const ROW_ORDERS = ["worst", "longest", "file"] as const;
export type RowOrder = (typeof ROW_ORDERS)[number];

/** Classes of findings by the place of the row, the gravest class first. */
export function findingsByRow(proof: Proof | undefined): Map<number, string[]> {
  const found = new Map<number, string[]>();
  const rank = (name: string): number => (FINDING_CLASSES as readonly string[]).indexOf(name);
  const findings = [...(proof?.findings ?? [])].sort((a, b) => rank(a.class) - rank(b.class));
  for (const { class: name, rows } of findings) {
    for (const row of rows) found.set(row, [...(found.get(row) ?? []), name]);
  }
  return found;
}

/** Share of the tokens that are trained, 0…1, by the place of the row; known of the rows that train least. */
export const sharesByRow = (proof: Proof | undefined): Map<number, number> =>
  new Map((proof?.leastTrained ?? []).map((each) => [each.row, shareOf(each)]));

/** What a proof knows of rows, by their place. */
export interface KnownRows {
  readonly findings: ReadonlyMap<number, readonly string[]>;
  readonly shares: ReadonlyMap<number, number>;
}

/** Rows with findings first, those with the gravest and most first; then those that train the smallest share; then the longest. */
export function orderRows(rows: readonly RowSummary[], order: RowOrder, { findings, shares }: KnownRows): RowSummary[] {
  if (order === "file") return [...rows].sort((a, b) => a.index - b.index);
  const gravest = (row: RowSummary): number => {
    const name = findings.get(row.index)?.[0];
    return name === undefined ? FINDING_CLASSES.length : (FINDING_CLASSES as readonly string[]).indexOf(name);
  };
  const count = (row: RowSummary): number => findings.get(row.index)?.length ?? 0;
  const byLength = (a: RowSummary, b: RowSummary): number => b.characters - a.characters || a.index - b.index;
  if (order === "longest") return [...rows].sort(byLength);
  const share = (row: RowSummary): number => shares.get(row.index) ?? 2;
  const byShare = (a: RowSummary, b: RowSummary): number => share(a) - share(b) || byLength(a, b);
  return [...rows].sort((a, b) => gravest(a) - gravest(b) || count(b) - count(a) || byShare(a, b));
}
