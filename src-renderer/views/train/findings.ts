import type { Proof } from "#shared/contract/text.ts";
import { grouped } from "../../i18n/plural.ts";
import { i18n, t } from "../../i18n/i18n.svelte.ts";
import { href } from "../../state/router.svelte.ts";
import { workspace } from "../../state/workspace.svelte.ts";

/** "12 train nothing": a class of findings with its number of rows, as a person reads it. */
export const findingTitle = (name: string, rows: number): string =>
  `${grouped(rows, i18n.tag)} ${t().shared.findings[name]?.title ?? name}`;

export const findingNote = (name: string): string => t().shared.findings[name]?.note ?? "";

/** The rows of a finding in Data. */
export const findingRowsHref = (proof: Proof, finding: Proof["findings"][number]): string =>
  href("data", [workspace.datasetId ?? "", "rows"], {
    version: proof.versionId,
    finding: finding.class,
    proof: proof.id,
  });
