import type { PreparedComparison } from "#shared/contract/prepared.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import { parseRowText } from "#shared/text/index.ts";
import { encodeBatches } from "../data/pool.ts";
import { readSource } from "../data/source.ts";
import type { ThreadRow } from "../data/thread-protocol.ts";
import { loadTokenizer } from "../models/tokenizer.ts";
import type { Store } from "../store/index.ts";
import { cancelled, type JobContext } from "../system/jobs.ts";
import { SourceComparer, SourceIndex } from "./compare.ts";

interface Request {
  readonly versionId: string;
  readonly sourceVersionId: string;
  readonly settings: EncodeSettings;
}
type Compared = Omit<PreparedComparison, "id" | "versionId" | "sourceVersionId" | "settings">;

/** Rows that differ and are named; their count goes on beyond them. */
const MAX_NAMED = 1000;

/**
 * Which rows of a tokenised version are not what the settings make of another version's rows. Rejected rows take no part.
 * @throws SiftError of the template, the tokenizer or the model folder; `cancelled`
 */
export async function compareVersions(
  store: Store,
  { versionId, sourceVersionId, settings }: Request,
  { signal, report }: JobContext,
): Promise<Compared> {
  const version = (id: string): number => store.datasets.version(id).rows;
  report({ total: version(versionId) + version(sourceVersionId), done: 0 });
  const { index, unencodable, done } = await encodedSource(store, { sourceVersionId, settings }, { signal, report });
  const comparer = new SourceComparer(index, loadTokenizer(settings.modelPath).tokenizer, MAX_NAMED);
  let compared = 0;
  for await (const page of readSource(store, { kind: "version", versionId }, { signal })) {
    for (const { index: row, raw } of page) {
      const parsed = parseRowText(raw);
      if (parsed.kind === "tokens") comparer.add(row, parsed.tokens);
    }
    compared += page.length;
    report({ done: done + compared, rows: compared });
  }
  const { labels_differ: labelsDiffer, ids_differ: idsDiffer, differences, ...counts } = comparer.report();
  const named = differences.map(({ source_row: sourceRow, ...rest }) => ({ sourceRow, ...rest }));
  return { ...counts, unencodable, labelsDiffer, idsDiffer, differences: named };
}

/** What the settings make of the source, in memory. */
async function encodedSource(
  store: Store,
  { sourceVersionId, settings }: Pick<Request, "sourceVersionId" | "settings">,
  { signal, report }: JobContext,
): Promise<{ index: SourceIndex; unencodable: number; done: number }> {
  const index = new SourceIndex();
  const batches: (readonly ThreadRow[])[] = [];
  let [done, unencodable] = [0, 0];
  const rows = remembered(readSource(store, { kind: "version", versionId: sourceVersionId }, { signal }), batches);
  for await (const result of encodeBatches({ settings, want: "columns" }, rows, { signal })) {
    const batch = batches.shift() ?? [];
    const failed = new Set(result.errors.map(({ row }) => row));
    const encoded = batch.filter(({ index: row }) => !failed.has(row));
    result.columns.forEach(({ ids, labels }, i) => {
      const row = encoded[i]?.index;
      if (row === undefined) throw new SiftError("batch-mismatch", "the encoder answered more rows than it was given");
      index.add({ row, ids, labels });
    });
    unencodable += failed.size;
    done += batch.length;
    if (signal.aborted) throw cancelled();
    report({ done, badRows: unencodable });
  }
  return { index, unencodable, done };
}

/** Keeps the batches that are under way, in order; empty ones have no answer. */
async function* remembered(
  batches: AsyncIterable<readonly ThreadRow[]>,
  kept: (readonly ThreadRow[])[],
): AsyncGenerator<readonly ThreadRow[]> {
  for await (const batch of batches) {
    if (batch.length > 0) kept.push(batch);
    yield batch;
  }
}
