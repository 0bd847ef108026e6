import type { EncodeSettings } from "#shared/contract/text.ts";
import { encodeBatches } from "../data/pool.ts";
import { hasWeights } from "../data/row-notices.ts";
import { readSource } from "../data/source.ts";
import type { Store } from "../store/index.ts";
import type { JobContext } from "../system/jobs.ts";
import { HfDatasetWriter } from "./hf-writer.ts";

interface Request {
  readonly versionId: string;
  readonly settings: EncodeSettings;
  readonly folder: string;
}

/**
 * Writes what would train of a version, edits applied and rejected rows left out, as a folder that `datasets.load_from_disk`
 * opens. Loss weights get a column only where some are not 1. Rows without an encoding are left out and counted.
 * @throws SiftError `output-not-empty`, `cancelled`, and those of the template and the model folder
 */
export async function exportVersion(store: Store, request: Request, context: JobContext): Promise<void> {
  if (!(await writeVersion(store, request, { ...context, weights: false }))) {
    await writeVersion(store, request, { ...context, weights: true });
  }
}

/** False where a row has weights and the folder has no column for them. */
async function writeVersion(
  store: Store,
  { versionId, settings, folder }: Request,
  { signal, report, weights }: JobContext & { readonly weights: boolean },
): Promise<boolean> {
  const writer = await HfDatasetWriter.open(folder, { weights });
  try {
    const rows = readSource(store, { kind: "version", versionId }, { signal });
    let badRows = 0;
    for await (const result of encodeBatches({ settings, want: "columns" }, rows, { signal })) {
      badRows += result.failed;
      for (const row of result.columns) {
        if (!weights && hasWeights(row)) return false;
        await writer.add(row);
      }
      report({ done: writer.rows + badRows, rows: writer.rows, badRows });
    }
    await writer.finish();
    return true;
  } finally {
    await writer.abandon();
  }
}
