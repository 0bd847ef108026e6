import type { Services } from "../services.ts";
import { procedures } from "./base.ts";

export function datasetsRouter({ store, datasets, reviews }: Services) {
  const os = procedures.datasets;
  return {
    list: os.list.handler(() => store.datasets.list()),
    get: os.get.handler(({ input }) => store.datasets.get(input.datasetId)),
    import: os.import.handler(({ input }) => ({ jobId: datasets.startImport(input) })),
    rename: os.rename.handler(({ input }) => datasets.rename(input.datasetId, input.name)),
    remove: os.remove.handler(({ input }) => {
      datasets.remove(input.datasetId);
      return {};
    }),
    rows: os.rows.handler(({ input: { versionId, offset, limit, search, verdict, indexes, finding } }) =>
      store.rows.page(
        store.datasets.version(versionId),
        {
          ...(search === undefined ? {} : { search }),
          ...(verdict === undefined ? {} : { verdict }),
          ...(indexes === undefined ? {} : { indexes }),
          ...(finding === undefined ? {} : { finding }),
        },
        { offset, limit },
      ),
    ),
    badRows: os.badRows.handler(({ input: { versionId, ...page } }) => datasets.badRows(versionId, page)),
    row: os.row.handler(({ input }) => reviews.detail(input)),
    setVerdict: os.setVerdict.handler(({ input }) => reviews.setVerdict(input)),
    rejectFinding: os.rejectFinding.handler(async ({ input }) => ({ rowIds: await reviews.rejectFinding(input) })),
    undoRows: os.undoRows.handler(async ({ input }) => {
      await reviews.undoRows(input);
      return {};
    }),
    editMessage: os.editMessage.handler(({ input }) => reviews.editMessage(input)),
    paintMessage: os.paintMessage.handler(({ input }) => reviews.paintMessage(input)),
    undo: os.undo.handler(({ input }) => reviews.undo(input)),
  };
}
