import { untrack } from "svelte";
import type { DatasetSummary, RowDetail } from "#shared/contract/datasets.ts";
import { core } from "../../client.ts";
import { always, useQuery } from "../../state/query.svelte.ts";
import { router } from "../../state/router.svelte.ts";
import { workspace } from "../../state/workspace.svelte.ts";

/** The conversation that the template is looked at with: the one open in Data, else the first of the newest dataset. */
export interface OpenRow {
  readonly detail: RowDetail | undefined;
  readonly datasetId: string | undefined;
  readonly versionId: string | undefined;
  /** Rows of the version; undefined until known, 0 without a dataset. */
  readonly total: number | undefined;
  /** To the row at a 0-based place. */
  go(index: number): void;
  /** To a row by its identity. */
  open(rowId: string): void;
  /** Puts in what a change has answered, without asking again. */
  set(detail: RowDetail): void;
}

function newest(list: readonly DatasetSummary[]): DatasetSummary | undefined {
  return list.reduce<DatasetSummary | undefined>((a, b) => (a && a.createdAt >= b.createdAt ? a : b), undefined);
}

export function useOpenRow(): OpenRow {
  // a link names a row; from then on the address follows the row that is open
  const linked = router.param("row");
  if (linked !== "" && linked !== workspace.rowId) workspace.set({ rowId: linked });
  $effect(() => {
    const { rowId } = workspace;
    if (rowId !== undefined && router.view === "template") untrack(() => router.adjust({ row: rowId }));
  });
  const datasets = useQuery(always, (_, signal) => core.datasets.list({}, { signal }), { topics: ["datasets"] });
  const dataset = $derived(
    datasets.data?.find((each) => each.id === workspace.datasetId) ?? newest(datasets.data ?? []),
  );
  const versionId = $derived(dataset?.id === workspace.datasetId ? workspace.versionId : dataset?.version.id);
  $effect(() => {
    if (dataset && dataset.id !== workspace.datasetId) {
      workspace.set({ datasetId: dataset.id, versionId: dataset.version.id, rowId: undefined });
    }
  });
  let wanted = $state(0);
  const place = useQuery(
    () =>
      versionId === undefined || workspace.rowId !== undefined ? undefined : { versionId, offset: wanted, limit: 1 },
    (input, signal) => core.datasets.rows(input, { signal }),
  );
  $effect(() => {
    const first = place.data?.rows[0];
    if (first) workspace.set({ rowId: first.id });
  });
  const detail = useQuery(
    () => {
      const rowId = workspace.rowId;
      return versionId === undefined || rowId === undefined ? undefined : { versionId, rowId };
    },
    (input, signal) => core.datasets.row(input, { signal }),
    { topics: ["datasets"] },
  );
  $effect(() => {
    // The row is gone (another version, a removed dataset): start over at the first.
    if (detail.error && workspace.rowId !== undefined) workspace.set({ rowId: undefined });
  });
  return {
    get detail() {
      return detail.data;
    },
    get datasetId() {
      return dataset?.id;
    },
    get versionId() {
      return versionId;
    },
    get total() {
      return datasets.data === undefined ? undefined : (dataset?.version.rows ?? 0);
    },
    go(index) {
      wanted = index;
      workspace.set({ rowId: undefined });
    },
    open(rowId) {
      workspace.set({ rowId });
    },
    set(changed) {
      if (changed.id === workspace.rowId) detail.set(changed);
    },
  };
}
