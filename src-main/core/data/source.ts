import { SiftError } from "#shared/errors.ts";
import { UNREVIEWED, type ReviewState } from "../store/reviews.ts";
import type { Store } from "../store/index.ts";
import { readFilePieces } from "./file-reader.ts";
import { contentHash, isExcluded, rowIdentity } from "./hash.ts";

/** Where rows come from: a version of a dataset with what was decided about it, or files as they are. */
export type DataSource =
  | { readonly kind: "version"; readonly versionId: string }
  | { readonly kind: "files"; readonly files: readonly string[] };

/** What a run is made of. */
export interface RunSources {
  readonly train: DataSource;
  /** Null: held out from the training rows, or nothing. */
  readonly evaluation: DataSource | null;
}

/** A row on its way to being encoded. */
export interface SourceRow {
  /** Position in the version, or among the non-blank rows of the files. */
  readonly index: number;
  readonly rowId: string;
  readonly hash: Uint8Array;
  readonly raw: string;
  readonly format: string;
  readonly review: ReviewState;
}

/** Rows of one piece. */
const PAGE_ROWS = 500;
const PAGE_IDENTITIES = 5000;

export interface ReadOptions {
  /** The first N rows only, rejected ones not counted. */
  readonly limit?: number | null;
  readonly signal?: AbortSignal | undefined;
}

/** The rows that train, a piece at a time; rejected rows are left out. @throws SiftError `cancelled`, `file-unreadable` */
export async function* readSource(
  store: Store,
  source: DataSource,
  { limit = null, signal }: ReadOptions = {},
): AsyncGenerator<SourceRow[]> {
  let left = limit ?? Infinity;
  const pages = source.kind === "version" ? versionPages(store, source.versionId) : filePages(source.files);
  for await (const page of pages) {
    if (signal?.aborted) throw new SiftError("cancelled", "cancelled before it had finished");
    const rows = page.slice(0, left);
    left -= rows.length;
    if (rows.length > 0) yield rows;
    if (left <= 0) return;
  }
}

/** A row that trains, without its text. */
export type TrainingIdentity = Pick<SourceRow, "index" | "rowId" | "hash" | "review">;

/** The rows of a version that train, without reading their text. */
export async function* trainingIdentities(store: Store, versionId: string): AsyncGenerator<TrainingIdentity[]> {
  for (let position = 0; ; position += PAGE_IDENTITIES) {
    const page = store.rows.identitiesFrom(versionId, position, PAGE_IDENTITIES);
    if (page.length === 0) return;
    const states = store.reviews.statesBetween(versionId, position, position + PAGE_IDENTITIES);
    yield page
      .map(({ rowId, position: index, hash }) => ({ index, rowId, hash, review: states.get(index) ?? UNREVIEWED }))
      .filter((row) => !isExcluded(row.review));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function* versionPages(store: Store, versionId: string): AsyncGenerator<SourceRow[]> {
  for (let position = 0; ; position += PAGE_ROWS) {
    const stored = store.rows.storedFrom(versionId, position, PAGE_ROWS);
    if (stored.length === 0) return;
    const states = store.reviews.statesBetween(versionId, position, position + PAGE_ROWS);
    const rows = stored.map(({ rowId, position: index, raw, format, hash }) => {
      const review = states.get(index) ?? UNREVIEWED;
      return { index, rowId, raw, format, hash, review };
    });
    yield rows.filter((row) => !isExcluded(row.review));
    await new Promise((resolve) => setImmediate(resolve)); // reads are synchronous: others get their turn
  }
}

async function* filePages(files: readonly string[]): AsyncGenerator<SourceRow[]> {
  const seen = new Map<string, number>();
  let index = 0;
  for (const file of files) {
    for await (const rows of readRows(file)) {
      yield rows.map((raw) => {
        const hash = contentHash(raw);
        const identity = rowIdentity(hash, 0);
        const earlier = seen.get(identity) ?? 0;
        seen.set(identity, earlier + 1);
        const rowId = rowIdentity(hash, earlier);
        return { index: index++, rowId, hash, raw, format: "auto", review: UNREVIEWED };
      });
    }
  }
}

/** Raw rows of a file. One that the reader cannot cut out is an error here: a run is not made of half a file. */
async function* readRows(file: string): AsyncGenerator<string[]> {
  for await (const { events } of readFilePieces(file)) {
    const broken = events.find((event) => event.kind === "error");
    if (broken?.kind === "error") {
      const { code, message, remedy } = broken.error;
      const where = { file, line: broken.line, row: broken.row };
      throw new SiftError(code, message, { where, ...(remedy === undefined ? {} : { remedy }) });
    }
    yield events.flatMap((event) => (event.kind === "row" ? [event.text] : []));
  }
}
