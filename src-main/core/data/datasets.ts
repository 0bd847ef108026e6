import { basename } from "node:path";
import type { BadRow, DatasetSummary } from "#shared/contract/datasets.ts";
import { SiftError } from "#shared/errors.ts";
import type { Page } from "../store/rows.ts";
import type { Store } from "../store/index.ts";
import type { EventHub } from "../system/events.ts";
import type { JobRunner } from "../system/jobs.ts";
import { importFiles, type ImportRequest } from "./importer.ts";

/** Characters of a bad row's raw text in a list; the whole is kept. */
const BAD_ROW_CHARACTERS = 2000;

/** Datasets: import, names, removal. */
export class DatasetService {
  readonly #store: Store;
  readonly #events: EventHub;
  readonly #jobs: JobRunner;
  readonly #clock: () => number;
  /** Datasets that an import is writing: hidden, but not to be swept. */
  readonly #importing = new Set<number>();
  #sweeping: Promise<void> = Promise.resolve();

  constructor(parts: { store: Store; events: EventHub; jobs: JobRunner; clock: () => number }) {
    this.#store = parts.store;
    this.#events = parts.events;
    this.#jobs = parts.jobs;
    this.#clock = parts.clock;
  }

  /** Starts an import and returns its job; the dataset appears when it has finished. @throws SiftError where nothing can start */
  startImport(request: ImportRequest): string {
    if (request.files.length === 0) throw new SiftError("import-files", "no file was given");
    const name = request.name.trim() || basename(request.files[0] ?? "").replace(/\.[^.]+$/, "");
    return this.#jobs.start("import", name, async ({ signal, report }) => {
      const result = await importFiles(
        { ...request, name },
        {
          table: this.#store.imports,
          signal,
          report,
          at: this.#clock(),
          began: (key) => this.#importing.add(key),
          ended: (key) => this.#importing.delete(key),
        },
      ).finally(() => this.sweep());
      this.#events.emit({ type: "datasets" });
      return result;
    });
  }

  rename(datasetId: string, name: string): DatasetSummary {
    if (name.trim() === "") throw new SiftError("dataset-name", "a dataset needs a name");
    const summary = this.#store.datasets.rename(datasetId, name.trim());
    this.#events.emit({ type: "datasets" });
    return summary;
  }

  /** @throws SiftError `dataset-in-use` while a run trains on it */
  remove(datasetId: string): void {
    const runs = this.#store.datasets.activeRuns(datasetId);
    if (runs.length > 0) {
      throw new SiftError("dataset-in-use", `a run trains on this dataset: ${runs.join(", ")}`, {
        remedy: "stop the run first",
      });
    }
    this.#store.datasets.hide(datasetId);
    this.#events.emit({ type: "datasets" });
    void this.sweep();
  }

  badRows(versionId: string, page: Page): { total: number; rows: BadRow[] } {
    const { total, rows } = this.#store.rows.badRows(versionId, page);
    return { total, rows: rows.map((row) => ({ ...row, raw: row.raw.slice(0, BAD_ROW_CHARACTERS) })) };
  }

  /** Deletes what cancelled and crashed imports and removals left, a batch at a time between other work. */
  sweep(): Promise<void> {
    this.#sweeping = this.#sweeping.then(async () => {
      for (const dataset of this.#store.imports.hidden(this.#importing)) {
        for (const _ of this.#store.imports.sweep(dataset)) await new Promise((resolve) => setImmediate(resolve));
      }
    });
    return this.#sweeping;
  }
}
